// From a thread id to what the kernel knows of that thread.
#pragma once
#include "fusefs/storage/unique_fd.hpp"

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::fuse {

/// A descriptor of the thread `tid` (PIDFD_THREAD), or of its process
/// where the kernel knows no such thing; empty if it is gone.
storage::unique_fd open_thread(pid_t tid);
/// The cgroup v2 id by PIDFD_GET_INFO; none if this kernel cannot say (before 6.13).
std::optional<std::uint64_t> cgroup_id_of(const storage::unique_fd& thread);
/// Descriptors of the threads that called last, so that asking again costs one system call. Thread: one at a time.
class recent_threads {
  public:
    /// The cgroup v2 id of thread `tid` now; none as for cgroup_id_of(). A thread's descriptor says
    /// nothing any more once the thread has ended, so the number's next user is never taken for it.
    std::optional<std::uint64_t> cgroup_of(pid_t tid);

  private:
    struct slot {
        pid_t tid{};
        storage::unique_fd fd;
    };
    std::array<slot, 64> slots_;
};

/// The process that thread `tid` belongs to; 0 if it is gone.
pid_t process_of(pid_t tid);

/// The numbers on the `Groups:` line of /proc/TID/status; none if there is no such line.
std::vector<gid_t> parse_groups(std::istream& status);
/// Supplementary groups of thread `tid` as our user namespace shows them; none if it cannot
/// be seen. (fuse_req_getgroups() of libfuse 3.14 looks past the end of its buffer.)
std::vector<gid_t> supplementary_groups_of(pid_t tid);

/// Whether the `CapEff:` line of /proc/TID/status has CAP_FSETID.
bool parse_cap_fsetid(std::istream& status);
/// Whether thread `tid` has CAP_FSETID, in our own user namespace
/// (a capability in another one says nothing about our files).
bool has_cap_fsetid(pid_t tid);

/// Signals that wait for a thread, its own and its process's, as a mask (bit 0: signal 1), less those that it
/// blocks. The kernel makes every signal that ends a process without a core file a SIGKILL of each thread.
std::uint64_t parse_pending_signals(std::istream& status);
/// None if the thread cannot be seen.
std::optional<std::uint64_t> pending_signals_of(pid_t tid);

/// The path on the `0::` line of /proc/TID/cgroup; none if there is no such line.
std::optional<std::string> parse_cgroup_path(std::string_view text);
/// The cgroup v2 path of thread `tid`, relative to the root of the hierarchy as our cgroup namespace shows it.
std::optional<std::string> cgroup_path_of(pid_t tid);
/// The id of a cgroup directory: its inode number; none if it does not exist.
std::optional<std::uint64_t> cgroup_id_at(const std::filesystem::path& directory);
/// Where cgroup v2 is mounted; empty if it is not.
std::filesystem::path cgroup2_root();

}  // namespace drainlab::fuse
