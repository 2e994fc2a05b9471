// "writeback: fix race between cgroup_writeback_umount() and inode_switch_wbs()" (cba38ec4cbd3, v7.2-rc1 and stable):
// an RCU read-side section covers prepare .. queue, and umount waits for all of them before it flushes.
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

void race_policy::window_opens(isw& s) const { s.reader = s.h.rcu.read_lock(); }
void race_policy::window_closes(isw& s) const { s.reader.unlock(); }

task<> race_policy::drain(super_block& sb) const {
    host& h = sb.h;
    co_await sched::smp_mb(h.sched);
    if (h.isw_nr_in_flight.load() == 0) co_return;
    co_await drain_synchronize_rcu(sb);
    co_await drain_rcu_barrier(sb);  // kept, so that one hunk fits stable trees that still use queue_rcu_work()
    co_await drain_flush_isw_wq(sb);
}

}  // namespace drainlab::kernel
