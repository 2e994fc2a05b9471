// Processes: waiting for their end with a limit, telling them apart, looking at them in /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace drainlab::client {

/// Waits until `child` ends, at most `limit`; reaps it. Its wait status, or nothing when time ran out.
std::optional<int> wait_child(pid_t child, std::chrono::milliseconds limit);

/// The exit code a shell would report: the code, or 128 + the signal.
int shell_status(int wait_status) noexcept;

/// Field 22 of /proc/PID/stat (clock ticks since boot): with the pid it names one process for good. Nothing when it is
/// gone.
std::optional<std::uint64_t> start_time(pid_t pid);

/// Waits until a process that is not our child is gone. False when time ran out.
bool wait_gone(pid_t pid, std::chrono::milliseconds limit);

/// A file's text, empty when it cannot be read.
std::string read_text(const std::string& path);

}  // namespace drainlab::client
