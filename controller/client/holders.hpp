// Who keeps a filesystem busy, as far as /proc shows it to us.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::client {

/// One thing that holds a superblock.
struct holder {
    pid_t pid = 0;            ///< 0 for a mount (bind, nested) of our own namespace
    std::string comm;         ///< the process's name; a nested mount's type
    std::string kind;         ///< fd, cwd, root, mmap, namespace, bind, nested
    std::string path;         ///< as the kernel shows it; a mount point for the last three
    std::uint64_t mntns = 0;  ///< inode of the process's mount namespace, 0 where unknown

    /// Whether a plain umount fails with EBUSY because of it. The others only keep the superblock alive afterwards.
    bool blocks_umount() const noexcept { return kind != "namespace" && kind != "bind"; }
};

struct holders_found {
    std::vector<holder> holders;
    int unseen = 0;  ///< processes whose descriptors we were not allowed to look at
};

/// What is looked for: a superblock by its device number, and the mount point that is to be left.
struct target {
    unsigned major = 0, minor = 0;
    std::string dir;  ///< empty after a lazy detach: nothing in our namespace is the mount any more
};

/// Looks through every process that `proc` shows: descriptors, cwd, root, mappings, mounts of other namespaces; and
/// through our own mounts for binds and nested ones. Sends no request to any filesystem (statx with AT_STATX_DONT_SYNC
/// and an empty mask), so it answers even when the filesystem's daemon does not. Leaves this process out. Sees nothing
/// of other pid namespaces, of kernel threads (loop devices, swap), or of descriptors in flight on sockets.
holders_found find_holders(const target& what, const std::string& proc = "/proc");

/// `pid 123 (bash): cwd /mnt/x` for people.
std::string describe(const holder& h);

/// What to tell about processes that could not be looked at; empty when there were none.
std::string describe_unseen(int unseen);

/// A mapping of `maps` text (proc(5)) that lies on the device: its path, or nothing.
std::string mapped_path(std::string_view maps, unsigned major, unsigned minor);

}  // namespace drainlab::client
