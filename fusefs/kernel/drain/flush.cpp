// "writeback: flush inode cgroup wb switches instead of pinning super_block" (a1a0e23e4903, v4.5). synchronize_rcu()
// waits for readers, not for callbacks: a switch between call_rcu() and its callback is in nobody's sight.
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

void flush_policy::before_queue(isw& s) const { s.h.isw_nr_in_flight.inc(); }

task<> flush_policy::drain(super_block& sb) const {
    if (sb.h.isw_nr_in_flight.load() == 0) co_return;
    co_await drain_synchronize_rcu(sb);
    co_await drain_flush_isw_wq(sb);
}

}  // namespace drainlab::kernel
