// The mounts of our namespace, and paths that must not lead onto one of our own.
#pragma once
#include "fusefs/storage/unique_fd.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::storage {

/// One line of /proc/self/mountinfo.
struct mount_entry {
    int id{};
    unsigned major{}, minor{};
    std::string mount_point, fstype, source;
    bool ours() const { return fstype == "fuse.drainfs"; }
};

mount_entry parse_mountinfo_line(std::string_view line);
/// All mounts, in the file's order.
std::vector<mount_entry> read_mountinfo();
/// The mount that `path` lies on, by text alone (nothing is looked up): the last with the longest mount point. Null for none.
const mount_entry* mount_of(const std::vector<mount_entry>& mounts, const std::filesystem::path& path);

/// Opens `path` unless it lies on a drainfs mount: a daemon that looks something up on its own mount waits for itself. So the path
/// must be absolute and free of symlinks, "." and ".." (as realpath(1) prints it): then its text tells.
/// @param what  names the path in the message. @return errno: EINVAL, ELOOP, EXDEV (on a drainfs mount), or the kernel's.
int open_outside(const std::filesystem::path& path, int flags, std::string_view what, unique_fd& out,
                 std::string& error);

}  // namespace drainlab::storage
