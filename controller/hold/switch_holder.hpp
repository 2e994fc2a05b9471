// Keeps inode switches of one drainfs mount in flight.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/machine/child.hpp"
#include "controller/machine/mountinfo.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace drainlab::hold {

/// A burner (workloads/burner.cpp) that writes `dir`/.drainlab-burner from one fresh cgroup, or session, after the
/// other. It ends with this object, or with this process. The file is removed.
///
/// Thread: one; the process must have no other (it forks).
class switch_holder {
  public:
    /// Returns when the daemon on `socket` (empty: the default one) says that a switch of the mount is in flight; exit
    /// 4 when none came within 10 s. `mounts` is our table of mounts.
    static client::result<switch_holder> take(
        const std::string& dir, const std::string& socket,
        const std::vector<machine::mount_line>& mounts = machine::read_mountinfo());
    switch_holder(switch_holder&& other) noexcept;
    switch_holder& operator=(switch_holder&&) = delete;
    ~switch_holder();

    pid_t pid() const noexcept { return process_.pid(); }
    /// As holder::wait().
    bool wait(std::chrono::nanoseconds length) const;

  private:
    switch_holder() = default;
    std::string file_;
    machine::child process_;
    os::unique_fd lifeline_;
};

}  // namespace drainlab::hold
