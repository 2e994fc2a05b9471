#include "fusefs/kernel/drain/policy.hpp"

#include "fusefs/kernel/host.hpp"

namespace drainlab::kernel {

void drain_policy::begin_switch(isw& s) const { s.h.isw_nr_in_flight.inc(); }

task<bool> drain_policy::prepare(isw& s, inode& i, const bdi_writeback& new_wb) const {
    co_await sched::smp_mb(s.h.sched);  // pairs with the one in drain()
    co_return co_await inode_prepare_locked(i, new_wb);
}

void drain_policy::queue(isw& s) const {
    host& h = s.h;
    if (era() == switch_era::per_wb) {
        wb_queue_isw(*s.new_wb, s);
        return;
    }
    auto& work = h.one_shot_work("inode_switch_wbs_work_fn", [&s] { return process_inode_switch_wbs(*s.new_wb, s); });
    if (era() == switch_era::rcu_work)
        h.isw_wq.queue_rcu(h.rcu, work);
    else
        h.rcu.call([&h, &work] { h.isw_wq.queue(work); });
}

void drain_policy::abandon(isw& s) const { s.h.isw_nr_in_flight.add(-1); }

task<> drain_policy::put_inode(isw&, inode& i) const { return iput(i); }

void drain_policy::end_of_switch(isw& s) const {
    const bool below_zero = s.h.isw_nr_in_flight.add(-1) < 0;
    if (below_zero && !counts_after_queue())
        s.h.violated("counter_not_zero", "isw_nr_in_flight below zero", to_string(s.by), s.sb);
}

namespace {

template <class Wait>
task<> timed(super_block& sb, std::string_view name, std::int64_t drain_stats::*part, Wait wait) {
    const instant began = sb.h.sched.now();
    sb.drain_waited = true;
    co_await wait();
    const std::int64_t took = (sb.h.sched.now() - began).count();
    for (drain_stats* stats : {&sb.drain, &sb.h.drain}) {
        stats->*part += took;
        stats->modelled_ns += took;
    }
    sb.h.trace(name, &sb);
    co_await sb.h.sched.preempt(point::drain_step);
}

}  // namespace

task<> drain_synchronize_rcu(super_block& sb) {
    return timed(sb, "drain_synchronize_rcu", &drain_stats::synchronize_ns,
                 [&h = sb.h] { return h.rcu.synchronize(); });
}
task<> drain_rcu_barrier(super_block& sb) {
    return timed(sb, "drain_rcu_barrier", &drain_stats::barrier_ns, [&h = sb.h] { return h.rcu.barrier(); });
}
task<> drain_flush_isw_wq(super_block& sb) {
    return timed(sb, "drain_flush_isw_wq", &drain_stats::flush_ns, [&h = sb.h] { return h.isw_wq.flush(); });
}

}  // namespace drainlab::kernel
