// `drainfs SOURCE DIR -o OPTIONS`: what mount(8) runs for type fuse.drainfs (through /sbin/mount.fuse3).
#pragma once

namespace drainlab::control {

/// Whether the command line is that of a mount helper rather than the daemon's.
bool is_mount_helper_call(int argc, char** argv) noexcept;

/// Remounts DIR as the options say (`mount -o remount,ro DIR`): the only thing mount(8) can do with a drainfs mount. Runs in a process of
/// its own, which waits for the daemon's gate as any remount does. The exit code: 0; 2 if it is no remount, or an option is unknown;
/// 32, as mount(8), if the kernel refuses.
int run_mount_helper(int argc, char** argv);

}  // namespace drainlab::control
