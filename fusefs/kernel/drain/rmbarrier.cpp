// "writeback: drop now-unnecessary rcu_barrier() in cgroup_writeback_umount()" (e90a6d668e26, v7.2-rc1).
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

task<> rmbarrier_policy::drain(super_block& sb) const {
    host& h = sb.h;
    co_await sched::smp_mb(h.sched);
    if (h.isw_nr_in_flight.load() == 0) co_return;
    co_await drain_synchronize_rcu(sb);
    co_await drain_flush_isw_wq(sb);
}

}  // namespace drainlab::kernel
