// The kernel's table of mounts, and paths as it says them.
#pragma once
#include "fusefs/os/mountinfo.hpp"

#include <string>

namespace drainlab::client {

using os::mount_at;
using os::mount_containing;
using os::mount_line;
using os::our_fstype;
using os::parse_mount_line;
using os::parse_mountinfo;
using os::read_mountinfo;

/// `path` made absolute and free of `.`, `..`, doubled slashes and symbolic links, as far as it exists. The last
/// component is resolved by its parent only, so that a dead mount (ENOTCONN) can be named.
std::string absolute_path(const std::string& path);

}  // namespace drainlab::client
