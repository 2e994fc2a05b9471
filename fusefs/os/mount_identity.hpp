// Which mount is meant: this one and no other, whatever happens to paths and numbers.
#pragma once
#include "fusefs/os/mountinfo.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::os {

/// A mount, named for good. Device numbers and mountinfo's ids go to the next mount at once; `id` never does, as long
/// as the machine runs. An identity of which `dev` is 0 names nothing.
struct mount_identity {
    dev_t dev{};              ///< of the superblock; 0: it could not be asked
    std::uint64_t id{};       ///< STATX_MNT_ID_UNIQUE, also what fanotify reports; 0 before Linux 6.8
    std::int64_t table_id{};  ///< the one in mountinfo; 0 if unknown
    std::uint64_t ns{};       ///< inode number of its mount namespace; 0 if unknown

    explicit operator bool() const noexcept { return dev != 0 && (id != 0 || table_id != 0); }
};

/// Whether both name the same mount. Without unique ids that is as sure as mountinfo's numbers are: only while the
/// mount is known to live.
bool is_same(const mount_identity& a, const mount_identity& b) noexcept;

/// The mount at `path` under `dirfd`, as for statx(2) with `flags`; `ns` is ours. Sends no request to the filesystem.
mount_identity identify_mount(int dirfd, const char* path, int flags = 0);

/// The identity of a line of our own mountinfo. Nothing if it has gone meanwhile.
std::optional<mount_identity> identify_line(const mount_line& line);

/// The line of `mounts` (our own mountinfo, read just now) that is this mount, wherever it has been moved. Nothing when
/// it is not in our mount namespace (any more), or there is a mount of which it cannot be told that it is the one.
std::optional<mount_line> find_mount(const std::vector<mount_line>& mounts, const mount_identity& who);

/// Whether the mount with this mount_identity::id is still in our mount namespace, as statmount(2) says; true where it
/// cannot tell. Takes no reference, so it makes no unmount fail.
bool is_still_mounted(std::uint64_t unique_id);

/// Where that mount is in our namespace; nothing if it is not there any more, or out of our root's reach. Since Linux
/// 6.8 one system call; before that current_mounts() says it, which does not hear of a renamed directory.
std::optional<std::string> mount_point_of(const mount_identity& who);

/// The mount that a descriptor lies on, and the type of its file system.
struct mount_below {
    std::uint64_t unique_id{};
    std::string type;  ///< as mountinfo has it; empty where only the table of mounts tells it all ("fuse.drainfs")
};
/// What the descriptor (O_PATH is enough) lies on. Asks no filesystem. Nothing before Linux 6.8.
std::optional<mount_below> mount_at_fd(int dirfd);

/// Inode number of the mount namespace of a process ("self" for us); 0 if it cannot be told.
std::uint64_t mount_namespace_of(const std::string& pid = "self");

/// A directory as one process sees it, told to another that may see something else at that path: it lives in another
/// mount namespace, or has another root.
struct seen_directory {
    std::uint64_t unique_id{};        ///< of the mount; 0 before Linux 6.8
    std::uint64_t mount_namespace{};  ///< inode number
    std::uint64_t inode{};
};
/// What we see at the descriptor (O_PATH is enough). Asks no filesystem.
std::optional<seen_directory> look_at(int dirfd);
/// Whether both saw the same directory of the same mount.
bool is_same(const seen_directory& a, const seen_directory& b) noexcept;

/// Whether the connection behind one of our mounts is over: its daemon is gone for good. Asked by a child that is
/// killed after `limit_ms`: no answer means that somebody may still give one. False for a mount that is covered, or not
/// the one meant.
bool connection_is_dead(const mount_line& line, int limit_ms = 2000);

/// The same with its third answer: silent when none came within the limit (a daemon
/// that is stopped, wedged, or dead with a thread of it still in the kernel).
enum class connection { alive, dead, silent };
/// Asked by a child that is killed after `limit_ms`.
connection connection_of(const mount_line& line, int limit_ms = 2000);

}  // namespace drainlab::os
