// mount(2) and umount2(2) (fs/namespace.c).
#pragma once
#include "fusefs/kernel/namespace/mount_table.hpp"

#include <string>

namespace drainlab::kernel {

/// Who calls, as far as permission goes.
struct umount_caller {
    bool cap_sys_admin{true};     ///< in the mount namespace's user namespace
    bool cap_sys_admin_sb{true};  ///< in the superblock's: needed for MNT_FORCE
};

/// umount2(2): 0 or a negative errno (EINVAL, EPERM, EBUSY, EAGAIN). Returns when the task work is
/// done, as the system call does: if the caller's reference was the last one, the superblock is dead,
/// with MNT_DETACH too. Left out: slaves (peers are there), automounts, security hooks, fsnotify.
task<int> sys_umount(mount_table& t, mnt_namespace& ns, std::string name, unsigned flags, umount_caller caller = {});

/// A new namespace with `sb` as its root mount.
mnt_namespace& make_mnt_namespace(mount_table& t, std::string name, std::shared_ptr<super_block> sb);
/// mount(2): `sb` at `name`; takes over one of its s_active. 0, or -EBUSY while MNT_UMOUNT hits the mount point.
task<int> sys_mount(mount_table& t, mnt_namespace& ns, std::string name, std::shared_ptr<super_block> sb,
                    unsigned flags = 0);
/// mount --bind: the mount found at `from` a second time at `to`.
task<int> sys_bind(mount_table& t, mnt_namespace& ns, std::string from, std::string to);
/// unshare(CLONE_NEWNS): a copy of the tree; each superblock has one more mount.
task<mnt_namespace*> copy_mnt_ns(mount_table& t, mnt_namespace& of, std::string name);
/// put_mnt_ns() of the last one: the whole tree is taken down, as when the last process leaves.
task<int> put_mnt_ns(mount_table& t, mnt_namespace& ns);
/// kern_mount() and kern_unmount(): in no namespace; the last put cleans up at once.
mount& kern_mount(mount_table& t, std::shared_ptr<super_block> sb);
/// kern_unmount(): after a grace period of its own the last put ends the superblock.
task<> kern_unmount(mount_table& t, mount& m);

}  // namespace drainlab::kernel
