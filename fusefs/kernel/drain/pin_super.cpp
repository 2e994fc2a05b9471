// "writeback: keep superblock pinned during cgroup writeback association switches" (5ff8eaac1636, 4.5-rc): the switch
// holds an active reference, so the superblock cannot die under it; but umount may then return with the filesystem
// still active, and the worker runs the shutdown.
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

task<bool> pin_super_policy::prepare(isw&, inode& i, const bdi_writeback& new_wb) const {
    const auto sb = i.i_sb;
    if (sb->s_active == 0) co_return false;  // atomic_inc_not_zero(&inode->i_sb->s_active)
    ++sb->s_active;
    const bool prepared = co_await inode_prepare_locked(i, new_wb, false);
    if (!prepared) co_await deactivate_super(*sb);
    co_return prepared;
}

task<> pin_super_policy::put_inode(isw&, inode& i) const {
    const auto sb = i.i_sb;
    co_await iput(i);
    co_await deactivate_super(*sb);
}

}  // namespace drainlab::kernel
