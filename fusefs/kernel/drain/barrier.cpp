// "fs/writeback: use rcu_barrier() to wait for inflight wb switches going into workqueue when umount" (ec084de929e4,
// v5.2): waits for the callbacks, everybody's; and counts only after call_rcu(), so umount may read 0 with a callback
// under way.
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

void barrier_policy::after_queue(host& h) const { h.isw_nr_in_flight.inc(); }

task<> barrier_policy::drain(super_block& sb) const {
    if (sb.h.isw_nr_in_flight.load() == 0) co_return;
    co_await drain_rcu_barrier(sb);
    co_await drain_flush_isw_wq(sb);
}

}  // namespace drainlab::kernel
