// Linux 5.14 - 6.17 (rework, which queues through queue_rcu_work()) and 6.18 - 7.1 (base): cgroup_writeback_umount()
// with the race of CVE-2026-64378. The counter is raised before the inode is prepared, but a switch that is prepared
// and not yet queued is seen by neither wait.
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

task<> base_policy::drain(super_block& sb) const {
    host& h = sb.h;
    co_await sched::smp_mb(h.sched);  // pairs with the one in prepare()
    if (h.isw_nr_in_flight.load() == 0) co_return;
    co_await drain_rcu_barrier(sb);  // left over from queue_rcu_work(): orders nothing any more, costs all the same
    co_await drain_flush_isw_wq(sb);
}

}  // namespace drainlab::kernel
