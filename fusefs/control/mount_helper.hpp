// `mount.fuse.drainfs NAME DIR -o OPTIONS`: what mount(8), fstab and systemd run for type
// fuse.drainfs (also through /sbin/mount.fuse3, which runs `drainfs NAME DIR -o OPTIONS`).
#pragma once

namespace drainlab::control {

/// Whether the command line is that of a mount helper rather than the daemon's.
bool is_mount_helper_call(int argc, char** argv) noexcept;

/// Mounts as `drainctl mount DIR` does (by running it), with the options that -o names (mount_words.hpp); NAME
/// is the mount's name unless it is "none" or "drainfs". Remounts a drainfs only: our own options by `drainctl
/// mount --remount`, the kernel's by the system call itself, which waits for the daemon's gate as any remount
/// does. The exit code is mount(8)'s: 0; 1 wrong words; 2 drainctl cannot be run; 32 the mount failed.
int run_mount_helper(int argc, char** argv);

}  // namespace drainlab::control
