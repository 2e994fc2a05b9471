// What `why` finds out about a mount.
#pragma once

#include "controller/cli/why_target.hpp"
#include "controller/machine/holders/holder.hpp"

namespace drainlab::cli {

/// A process by its number and name; pid 0 is none.
struct named_process {
    pid_t pid = 0;
    std::string comm;
};

/// An unmount of it that is under way, or may be.
struct unmount_seen {
    machine::kernel_task task;
    bool certain = false;  ///< its path says so; else only the type of the filesystem fits
};

/// What a filesystem on a loop device rests on.
struct layer_below {
    std::string device, file;                   ///< the loop device and its backing file
    std::optional<machine::mount_line> on;      ///< the mount that the file lies on
    named_process server;                       ///< of that mount, if it is FUSE
    std::vector<machine::kernel_task> workers;  ///< requests to the file that are under way
};

/// All of it. Paths and names are as the kernel shows them, not yet made printable.
struct why_findings {
    why_target what;
    machine::holders_found held;
    named_process server;  ///< who answers for it, if it is FUSE
    std::vector<unmount_seen> unmounts;
    std::vector<machine::kernel_task> lockers;  ///< who has s_umount, or may have it
    std::vector<layer_below> below;
    std::vector<machine::kernel_task> frozen;  ///< holders that wait for its thaw
    std::vector<std::string> waiting;          ///< drainfs: what the mimicked kernel's tasks wait for
};

/// Never waits for the mount.
why_findings find_out_why(why_target what, std::vector<machine::kernel_task> unmounting, const std::string& socket);

}  // namespace drainlab::cli
