// Linux 4.2 - 4.4: umount waits for nothing, and a switch does not look at SB_ACTIVE. It may touch a superblock that is
// dead.
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

task<bool> none_policy::prepare(isw&, inode& i, const bdi_writeback& new_wb) const {
    return inode_prepare_locked(i, new_wb, false);
}

task<> none_policy::drain(super_block&) const { co_return; }

}  // namespace drainlab::kernel
