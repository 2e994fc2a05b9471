// Which processes and threads there are.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace drainlab::os {

/// Those that `proc` shows, by number: a look, some may have ended since. Empty if it cannot be read. Any thread.
std::vector<pid_t> processes(const std::string& proc = "/proc");
/// The threads of the process that `dir` (/proc/PID) is about, likewise.
std::vector<pid_t> threads_of(const std::string& dir);
/// Its descriptors, likewise; empty also where we may not look.
std::vector<int> descriptors_of(const std::string& dir);

}  // namespace drainlab::os
