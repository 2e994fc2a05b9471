#include "fusefs/control/counters.hpp"

#include "fusefs/control/served_mounts.hpp"

#include <utility>

namespace drainlab::control {
namespace {

void append(std::vector<std::int64_t>& to, const std::vector<std::int64_t>& more) {
    for (const auto v : more)
        if (to.size() < kernel::rcu_samples::limit) to.push_back(v);
}

void append(kernel::rcu_samples& to, const kernel::rcu_samples& more) {
    append(to.synchronize, more.synchronize);
    append(to.barrier, more.barrier);
    append(to.expedited, more.expedited);
}

kernel::switch_stats operator-(kernel::switch_stats a, const kernel::switch_stats& b) {
    a.queued -= b.queued;
    a.done -= b.done;
    a.inodes -= b.inodes;
    for (std::size_t i = 0; i < a.by_producer.size(); ++i) a.by_producer[i] -= b.by_producer[i];
    return a;
}

kernel::drain_stats operator-(kernel::drain_stats a, const kernel::drain_stats& b) {
    a.calls -= b.calls;
    a.waited -= b.waited;
    a.ns -= b.ns;
    a.synchronize_ns -= b.synchronize_ns;
    a.barrier_ns -= b.barrier_ns;
    a.flush_ns -= b.flush_ns;
    a.modelled_ns -= b.modelled_ns;
    a.in_flight_at_entry -= b.in_flight_at_entry;
    return a;
}

}  // namespace

counter_book::counter_book(kernel::host& host, const served_mounts& mounts, loop_lag& lag)
    : host_{host},
      mounts_{mounts},
      lag_{lag},
      started_ns_{host.sched.now().time_since_epoch().count()},
      taken_ns_{started_ns_} {}

void counter_book::collect_samples() {
    const auto rcu = host_.rcu.take_samples();
    append(new_rcu_, rcu);
    const auto switches = std::exchange(host_.switch_ns, {});
    counted_.synchronize += rcu.synchronize.size();
    counted_.barrier += rcu.barrier.size();
    counted_.expedited += rcu.expedited.size();
    counted_.switches += switches.size();
    append(new_switches_, switches);
}

counters counter_book::totals() const {
    counters c;
    c.isw_nr_in_flight = host_.isw_nr_in_flight.peek();
    c.switches = host_.switches;
    c.drain = host_.drain;
    c.violations = host_.violations;
    c.grace_periods = host_.rcu.grace_periods();
    c.writeback_rounds = host_.writeback_rounds;
    c.requests = mounts_.gone().requests;
    c.guessed_bytes = mounts_.gone().guessed_bytes;
    c.unknown_caller = mounts_.gone().unknown_caller;
    for (const auto& [id, m] : mounts_.living()) {
        if (!m->super()) continue;
        const auto v = m->view();
        c.requests += v.requests;
        c.guessed_bytes += v.guessed_bytes;
        c.unknown_caller += v.unknown_caller;
    }
    for (const auto& [id, weak] : host_.memcgs) {
        const auto m = weak.lock();
        if (!m) continue;
        ++(m->online() ? c.memcgs_online : c.memcgs_dying);
    }
    c.wbs = host_.cgwbs.size() + host_.bdis.size();
    return c;
}

counters counter_book::since_start() {
    lag_.wanted();
    collect_samples();
    counters c = totals();
    c.since_ns = started_ns_;
    c.samples = counted_;
    c.loop_lag = summary_of(lag_.since_start());
    return c;
}

counters counter_book::take() {
    lag_.wanted();
    collect_samples();
    const counters now = totals();
    counters c = now;
    c.since_ns = std::exchange(taken_ns_, host_.sched.now().time_since_epoch().count());
    c.switches = now.switches - base_.switches;
    c.drain = now.drain - base_.drain;
    c.violations.erase(c.violations.begin(),
                       c.violations.begin() + static_cast<std::ptrdiff_t>(base_.violations.size()));
    c.grace_periods -= base_.grace_periods;
    c.writeback_rounds -= base_.writeback_rounds;
    c.requests -= base_.requests;
    c.guessed_bytes -= base_.guessed_bytes;
    c.unknown_caller -= base_.unknown_caller;
    c.rcu = std::exchange(new_rcu_, {});
    c.switch_ns = std::exchange(new_switches_, {});
    c.samples = {c.rcu.synchronize.size(), c.rcu.barrier.size(), c.rcu.expedited.size(), c.switch_ns.size()};
    c.loop_lag = summary_of(lag_.take());
    base_ = now;
    return c;
}

}  // namespace drainlab::control
