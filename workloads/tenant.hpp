// A process in a cgroup of its own, as a container's: born in it, and the cgroup goes after it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace drainlab::workloads {

/// Where tenants live. With `cgroup_root` empty a tenant is a session of its own instead (setsid).
struct housing {
    std::string cgroup_root;  ///< a writable cgroup v2 directory, or empty
};

/// One tenant: cgroup `drainlab-<our pid>-<number>` under the root, and a process born in it (clone3 with
/// CLONE_INTO_CGROUP, so that it is never seen anywhere else).
///
/// Ownership: the process and the directory. The destructor kills and removes what is left. Not copyable.
class tenant {
  public:
    /// Starts `body` in a child of its own; its result is the exit code. Errors end this process with a line on
    /// standard error (a workload without its cgroup would measure something else).
    tenant(const housing& where, unsigned number, const std::function<int()>& body);
    ~tenant();
    tenant(const tenant&) = delete;
    tenant& operator=(const tenant&) = delete;

    /// Readable once the process has ended.
    int pidfd() const noexcept { return pidfd_; }
    void kill() const noexcept;
    /// Waits for the process; its exit code, or 128 + signal.
    int join();
    /// Removes the cgroup; the process must have been joined. False (errno set) when the kernel refuses.
    bool evict();

  private:
    std::string cgroup_;
    int pidfd_ = -1;
    bool running_ = false;
};

}  // namespace drainlab::workloads
