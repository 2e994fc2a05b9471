// Writeback: rounds (writeback_control), the flusher, sync (fs/fs-writeback.c, mm/page-writeback.c).
#pragma once
#include "fusefs/kernel/inode.hpp"

#include <limits>

namespace drainlab::kernel {

inline constexpr nanoseconds dirty_writeback_interval = std::chrono::seconds{5};
inline constexpr nanoseconds dirty_expire_interval = std::chrono::seconds{30};

/// One round of writing one inode, and the votes it collects.
struct writeback_control {
    bool sync_all{};  ///< WB_SYNC_ALL
    bool for_sync{};  ///< sync(2), umount
    bool no_cgroup_owner{};
    std::int64_t nr_to_write{std::numeric_limits<std::int64_t>::max()};
    pgoff_t first{}, last{std::numeric_limits<pgoff_t>::max()};

    bdi_writeback* wb{};  ///< attached to, referenced; null: no votes
    kernel::inode* inode{};
    frn_round votes;
};

/// wbc_attach_and_unlock_inode(): begins a round. `m`: memcg of the current task, for an inode without an owner.
task<> wbc_attach_fdatawrite_inode(writeback_control& wbc, inode& i, const memcg_ptr& m);
/// wbc_account_cgroup_owner(): `f` is about to be written.
void wbc_account_cgroup_owner(writeback_control& wbc, const folio& f, std::size_t bytes);
/// wbc_detach_inode(): ends the round; may ask for a switch.
task<> wbc_detach_inode(writeback_control& wbc);

/// __filemap_fdatawrite_range(): one whole round over [first, last] of `i`, pages
/// only. 0 or a negative errno. Used by fsync, O_SYNC, sync_file_range. The caller
/// answers its request only after this has returned: its file pins the mount.
task<int> filemap_fdatawrite_range(inode& i, pgoff_t first, pgoff_t last, const memcg_ptr& m);

/// sync_filesystem(): all dirty data of `sb` to the store. Caller holds s_umount. 0 or the first negative errno.
task<int> sync_filesystem(super_block& sb);
/// sync_inodes_sb(): data integrity; excludes switches being applied on the same bdi (wb_switch_rwsem) meanwhile.
task<int> sync_inodes_sb(super_block& sb);

/// try_to_writeback_inodes_sb(): sends the flushers for all that is dirty of `sb`, and waits for them (WB_SYNC_NONE).
/// Returns at once where s_umount is held for write: a superblock on its way out has a sync of its own.
task<> try_to_writeback_inodes_sb(super_block& sb);
/// wakeup_flusher_threads_bdi(): all superblocks on `bdi`; here with the wait for what was asked.
task<> wakeup_flusher_threads_bdi(backing_dev_info& bdi);

/// wb_workfn(): the flusher's work item of one wb.
task<> wb_workfn(bdi_writeback& wb);
/// wb_wakeup_delayed() and wb_wakeup()
void wb_wakeup_delayed(bdi_writeback& wb);
/// wb_wakeup(): at once, where wb_wakeup_delayed() waits for dirty_writeback_interval.
void wb_wakeup(bdi_writeback& wb);

}  // namespace drainlab::kernel
