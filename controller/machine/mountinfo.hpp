// The kernel's table of mounts, and paths as it says them.
#pragma once
#include "controller/machine/failure.hpp"
#include "fusefs/os/mountinfo.hpp"

#include <string>

namespace drainlab::machine {

using os::mount_at;
using os::mount_containing;
using os::mount_line;
using os::our_fstype;
using os::parse_mount_line;
using os::parse_mountinfo;
using os::read_mountinfo;

/// Failure (exit 4) where our table of mounts cannot be read, and so nothing can be said of what is mounted.
result<void> mounts_can_be_told();

/// `path` as the kernel understands it: absolute, without symbolic links, `.`, `..` and doubled slashes. If its last
/// component is not there, its parent is so resolved; if that is not there either, or does not answer within 5 s, the
/// path only becomes absolute. Asks no mount that it leads onto, dead or alive; one that it leads through is asked by a
/// child that can be killed.
std::string absolute_path(const std::string& path);

}  // namespace drainlab::machine
