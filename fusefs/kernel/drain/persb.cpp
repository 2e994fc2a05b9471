// "writeback: use a per-sb counter to drain inode wb switches at umount" (31c1d19ead2c, v7.2-rc1): pin, unpin, drain.
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

// cgroup_writeback_unpin(). The wake names an address; it never looks into the superblock, which may be gone by then.
void persb_policy::unpin(super_block& sb) {
    host& h = sb.h;
    const void* const key = sb.s_isw_nr_in_flight.key();
    const std::int64_t left = sb.s_isw_nr_in_flight.add(-1);
    if (left < 0) h.violated("counter_not_zero", "s_isw_nr_in_flight of " + sb.s_id + " below zero", {}, &sb);
    if (left == 0) h.sched.wake_all(key);
}

task<bool> persb_policy::prepare(isw& s, inode& i, const bdi_writeback& new_wb) const {
    super_block& sb = *i.i_sb;
    if (!sb.active()) co_return false;  // cheap; SB_ACTIVE never comes back
    sb.s_isw_nr_in_flight.inc();        // cgroup_writeback_pin()
    co_await s.h.sched.preempt(point::isw_pinned);
    co_await sched::smp_mb(s.h.sched);  // pairs with drain(): either umount sees the pin, or we see SB_ACTIVE clear
    const bool prepared = co_await inode_prepare_locked(i, new_wb);
    if (!prepared) unpin(sb);
    co_return prepared;
}

task<> persb_policy::put_inode(isw& s, inode& i) const {
    const auto sb = i.i_sb;  // read before the iput()
    co_await iput(i);
    co_await s.h.sched.preempt(point::isw_put);
    unpin(*sb);
}

task<> persb_policy::drain(super_block& sb) const {
    host& h = sb.h;
    co_await sched::smp_mb(h.sched);  // pairs with prepare()
    const instant began = h.sched.now();
    while (sb.s_isw_nr_in_flight.load() != 0) {  // wait_var_event()
        sb.drain_waited = true;
        co_await h.sched.wait_on(sb.s_isw_nr_in_flight.key(), "s_isw_nr_in_flight of the superblock");
    }
    if (sb.drain_waited) h.trace("drain_wait_var_event", &sb);
    const std::int64_t took = (h.sched.now() - began).count();
    sb.drain.modelled_ns += took;
    h.drain.modelled_ns += took;
}

}  // namespace drainlab::kernel
