// struct mount and struct mnt_namespace (fs/mount.h), and the numbers of umount2(2).
#pragma once
#include "fusefs/kernel/super.hpp"
#include "fusefs/sched/shared.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace drainlab::kernel {

struct mount;
struct mnt_namespace;
struct mount_table;
class namespace_policy;

// umount2(2) flags
inline constexpr unsigned MNT_FORCE = 1;
inline constexpr unsigned MNT_DETACH = 2;
inline constexpr unsigned MNT_EXPIRE = 4;
inline constexpr unsigned UMOUNT_NOFOLLOW = 8;

// mnt_flags
inline constexpr unsigned MNT_LOCKED = 1u << 0;       ///< stays connected to its parent, cannot be unmounted alone
inline constexpr unsigned MNT_UMOUNT = 1u << 1;       ///< umount_tree() has taken it
inline constexpr unsigned MNT_SYNC_UMOUNT = 1u << 2;  ///< a failed walk never does the final put
inline constexpr unsigned MNT_DOOMED = 1u << 3;       ///< its last reference is gone
inline constexpr unsigned MNT_INTERNAL = 1u << 4;     ///< kern_mount(), in no namespace

/// A place in the tree: a mount, and a path below its root ("" is the root itself).
struct path {
    kernel::mount* mnt{};
    std::string dentry;
};

/// One mount. Owned by its table for the table's life: "freed" is modelled by `freed`,
/// so that a late touch is a violation that is told, never undefined behaviour.
///
/// The count is split: references taken and references dropped, per CPU, each only ever growing. A
/// sum that reads all drops before all takes can only err upwards, however others move in between.
struct mount {
    mount(mount_table& of, std::shared_ptr<super_block> sb, std::string called);

    mount_table& table;
    const int id;  ///< in order of creation, from 0
    const std::string name;
    const std::shared_ptr<super_block> mnt_sb;  ///< holds one of its s_active until cleanup_mnt()
    mount* mnt_parent{};                        ///< null: the root of its tree, or detached
    std::string mnt_mountpoint;                 ///< the dentry in the parent
    std::vector<mount*> mnt_mounts;             ///< children
    std::vector<mount*> stuck_children;         ///< locked children that follow it into death
    bool hashed{};                              ///< found by walks
    unsigned flags{};
    int peer_group{};      ///< MNT_SHARED: mounts with the same number propagate to each other; 0: private
    mnt_namespace* ns{};   ///< who lists it; protected by namespace_sem
    sched::shared mnt_ns;  ///< the same as a lockless reader sees it: 0 or 1
    sched::shared expiry_mark;
    std::deque<sched::shared> gets, puts;  ///< per CPU
    sched::shared walkers;                 ///< policy `completion`: walks inside

    // seen from outside
    int holders{};   ///< references that users hold: open files, working directories
    bool cleaned{};  ///< cleanup_mnt() has run
    bool freed{};    ///< delayed_free_vfsmnt() has run: nobody may touch it
};

/// A mount namespace: a tree of mounts. Owned by its table; `root` is null once put.
struct mnt_namespace {
    std::string name;
    mount* root{};
    int nr_mounts{};
};

}  // namespace drainlab::kernel
