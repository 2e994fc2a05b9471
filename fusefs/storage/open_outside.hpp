// Paths that must not lead onto one of our own mounts.
#pragma once
#include "fusefs/storage/unique_fd.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace drainlab::storage {

/// Opens `path` unless it lies on a drainfs mount: a daemon that looks something up on its own mount waits
/// for itself. So the path must be absolute and free of symlinks, "." and ".." (as realpath(1) prints it):
/// then its text tells. Reads the table of mounts, and waits for file systems: not on the loop. @param what  names the
/// path in the message. @return errno: EINVAL, ELOOP, EXDEV (on a drainfs mount), or the kernel's.
int open_outside(const std::filesystem::path& path, int flags, std::string_view what, unique_fd& out,
                 std::string& error);

}  // namespace drainlab::storage
