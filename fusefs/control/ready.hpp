// --ready-fd: one line to whoever started us.
#pragma once
#include <string>

namespace drainlab::control {

/// Writes "ready\n" and closes. No effect if `fd` is negative.
void tell_ready(int fd);
/// Writes {"error":{"code","message","hint","exit"}} in one line and closes; `exit` is what the process will exit with.
void tell_failed(int fd, int exit, const std::string& code, const std::string& message, const std::string& hint);

}  // namespace drainlab::control
