// Paths that must not lead onto one of our own mounts.
#pragma once
#include "fusefs/os/mountinfo.hpp"
#include "fusefs/storage/unique_fd.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace drainlab::storage {

/// An O_PATH descriptor of a directory whose path, without symlinks, the kernel has in memory; else none. Asks no file
/// system.
unique_fd open_cached(const std::filesystem::path& path);

/// The drainfs mount, of this daemon or another one, that `path` leads onto now. Asks no file system; reads the table of
/// mounts unless the kernel has the path in memory and says that another type is there.
std::optional<os::mount_line> drainfs_below(const std::filesystem::path& path);

/// Opens `path` unless it lies on a drainfs mount: a daemon that looks something up on its own mount waits
/// for itself. So the path must be absolute and free of symlinks, "." and ".." (as realpath(1) prints it):
/// then its text tells. Waits for file systems: not on the loop. @param what  names the path in the message. @return errno: EINVAL, ELOOP, EXDEV (on a drainfs mount), or the kernel's.
int open_outside(const std::filesystem::path& path, int flags, std::string_view what, unique_fd& out,
                 std::string& error);

}  // namespace drainlab::storage
