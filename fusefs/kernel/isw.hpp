// Inode wb switching (fs/fs-writeback.c as of Linux 6.18 - 7.2): who asks, how it is queued, who does it.
#pragma once
#include "fusefs/kernel/inode.hpp"
#include "fusefs/kernel/rcu.hpp"

#include <list>
#include <vector>

namespace drainlab::kernel {

/// WB_MAX_INODES_PER_ISW: a switch carries at most 1024 bytes: an 8-byte header, a NULL-terminated array of pointers.
inline constexpr std::size_t WB_MAX_INODES_PER_ISW = (1024 - 8) / 8 - 1;  // 126

/// struct inode_switch_wbs_context: inodes on their way to one
/// new wb. Owned by the host, from isw_alloc() to isw_free().
struct isw {
    isw(host& on, const drain_policy& under, producer who, super_block* asked_for);

    host& h;
    const drain_policy& policy;  ///< the protocol it began under, kept to its end
    const producer by;
    super_block* const sb;       ///< of the (first) inode; name only after the inodes are put
    bdi_writeback* new_wb{};     ///< referenced
    std::vector<inode*> inodes;  ///< referenced, I_WB_SWITCH set
    rcu::read_section reader;    ///< +race: the section that covers prepare .. queue
    instant prepared{}, queued{};
    std::list<isw>::iterator at;  ///< in host::isws
};

/// kzalloc() and kfree() of a switch.
isw& isw_alloc(host& h, const drain_policy& policy, producer by, super_block* sb);
/// kfree(): `s` is gone afterwards. Its inodes have been put.
void isw_free(isw& s);

/// inode_switch_wbs(): asks for `i` to be moved to the wb of memcg `to`. Silent on any failure, as the kernel is.
/// The protocol is the superblock's drain policy.
task<> inode_switch_wbs(inode& i, memcg_id to, producer by);
/// The locked half of inode_prepare_wbs_switch(), the same in every version: under i_lock, refuse a
/// superblock that is not active, an inode that is being switched, freed or is there already; else set
/// I_WB_SWITCH and take a reference. `test_active` false: before v4.5, SB_ACTIVE was not looked at.
task<bool> inode_prepare_locked(inode& i, const bdi_writeback& new_wb, bool test_active = true);
/// From prepared to queued: counts, wakes who waits for a switch
/// of the superblock, and lets the policy's era take over.
task<> isw_queue(isw& s);
/// wb_queue_isw(): onto the target's list; queues the target's work if the list was empty.
void wb_queue_isw(bdi_writeback& wb, isw& s);
/// inode_switch_wbs_work_fn(): everything queued towards `wb`, after one grace period.
task<> inode_switch_wbs_work_fn(bdi_writeback& wb);
/// process_inode_switch_wbs(): one switch. Ends `s`.
task<> process_inode_switch_wbs(bdi_writeback& new_wb, isw& s);

/// cleanup_offline_cgwbs_workfn(): every dying wb without dirty io gives its inodes to the nearest living ancestor.
task<> cleanup_offline_cgwbs_workfn(host& h);
/// cleanup_offline_cgwb(): one batch; true if there may be more.
task<bool> cleanup_offline_cgwb(bdi_writeback& wb);

}  // namespace drainlab::kernel
