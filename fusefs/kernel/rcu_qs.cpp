// Quiescent states: who still holds the running grace period, and until when (kernel/rcu/tree.c).
#include "fusefs/kernel/rcu_engine.hpp"

#include <algorithm>

namespace drainlab::kernel {

using sched::instant;

/// An idle CPU stops its tick, unless it has callbacks (rcu_needs_cpu()).
bool rcu_engine::ticks(int cpu, instant t) const {
    return !cpus_[static_cast<std::size_t>(cpu)].list.empty() || machine_.busy(cpu, t, t);
}

/// Catches up with the ticks of `cpu` up to `now`: at the first it notes the grace period (note_gp_changes()), at the
/// second it has passed a quiescent state since and reports it (rcu_check_quiescent_state()). Both give new callbacks
/// their number.
void rcu_engine::look_at_ticks(int cpu, instant now) {
    cpu_data& d = cpus_[static_cast<std::size_t>(cpu)];
    while (d.owes_qs && d.qs_tick <= now) {
        const instant t = d.qs_tick;
        d.qs_tick = machine_.next_tick(cpu, t);
        if (!ticks(cpu, t)) continue;
        accelerate(cpu);
        if (d.noted)
            report_qs(cpu);
        else
            d.noted = true;
    }
}

/// rcu_report_qs_rdp(): the last one wakes the grace-period thread.
void rcu_engine::report_qs(int cpu) {
    cpu_data& d = cpus_[static_cast<std::size_t>(cpu)];
    if (!d.owes_qs) return;
    d.owes_qs = false;
    d.qs_tick = instant::max();
    if (--holdouts_ == 0 && !held_by_reader()) sched_.wake_all(&gp_key_);
}

/// rcu_gp_fqs(): the first scan finds CPUs that are idle, later ones also those that have been since.
void rcu_engine::scan(bool first, instant snapshot) {
    const instant now = sched_.now();
    for (int c = 0; c < machine_.cpus(); ++c) {
        look_at_ticks(c, now);
        if (!cpus_[static_cast<std::size_t>(c)].owes_qs) continue;
        if (first ? !machine_.busy(c, now, now) : machine_.ever_idle(c, snapshot, now)) report_qs(c);
    }
}

/// When the last CPU could report by itself: nothing can end the grace period earlier, but a scan.
instant rcu_engine::earliest_end() const {
    const instant now = sched_.now();
    instant last{};
    for (int c = 0; c < machine_.cpus(); ++c) {
        const cpu_data& d = cpus_[static_cast<std::size_t>(c)];
        if (!d.owes_qs) continue;
        if (!ticks(c, now)) return instant::max();
        last = std::max(last, d.noted ? d.qs_tick : machine_.next_tick(c, d.qs_tick));
    }
    return last;
}

}  // namespace drainlab::kernel
