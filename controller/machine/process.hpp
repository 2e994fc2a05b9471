// Processes: waiting for their end with a limit, telling them apart, looking at them in /proc.
#pragma once

#include "fusefs/os/process_identity.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace drainlab::machine {

/// The exit code a shell would report: the code, or 128 + the signal.
int shell_status(int wait_status) noexcept;

/// Field 22 of /proc/PID/stat (clock ticks since boot): with the pid it names one process for good. Nothing when it is
/// gone.
std::optional<std::uint64_t> start_time(pid_t pid);

/// A process that is not our child, kept hold of: a stranger who gets its number is not taken for it.
class watched_process {
  public:
    watched_process() = default;
    /// The process that has the number now.
    explicit watched_process(pid_t pid);
    /// That one and no other.
    explicit watched_process(const os::process_identity& who);

    pid_t pid() const noexcept { return pid_; }
    /// Readable once it has ended; -1 when it had already. Ours.
    int pidfd() const noexcept { return pidfd_.get(); }
    /// False when it is there still after `limit`.
    bool gone_within(std::chrono::milliseconds limit) const;

  private:
    pid_t pid_{};
    os::unique_fd pidfd_;
};

/// Whether `fd` can be read from (or is at its end) within `limit`.
bool readable_within(int fd, std::chrono::milliseconds limit);

/// Waits until the process of a pidfd has ended (it may not be reaped yet). False when time ran out.
bool ends_within(int pidfd, std::chrono::milliseconds limit);

/// A file's text, empty when it cannot be read.
std::string read_text(const std::string& path);

}  // namespace drainlab::machine
