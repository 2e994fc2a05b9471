// Paths in the memory of other processes: what they have passed to a system call that they are in.
#pragma once

#include <cstdint>
#include <string>

namespace drainlab::machine {

/// The string at an address in the process of `dir` (/proc/PID or /proc/PID/task/TID); "" where it cannot be read, or
/// not soon.
std::string string_in(const std::string& dir, std::uint64_t at);

/// As it is meant by that process: relative to its working directory. By text; nothing is looked up.
std::string absolute_in(const std::string& dir, const std::string& path);

}  // namespace drainlab::machine
