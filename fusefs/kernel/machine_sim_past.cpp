// What the simulator's CPUs did in the last second.
#include "fusefs/kernel/machine_sim.hpp"

#include <algorithm>

namespace drainlab::kernel {

using sched::instant;

void machine_sim::note(cpu& c, instant from, instant to) {
    if (!c.past.empty() && c.past.back().to >= from - context_switch_)
        c.past.back().to = std::max(c.past.back().to, to);
    else
        c.past.push_back({from, to});
    while (c.past.size() > 1 && c.past.front().to < to - history) c.past.pop_front();
}

bool machine_sim::busy(int number, instant from, instant to) const {
    const cpu& c = cpus_[static_cast<std::size_t>(number)];
    if (c.taken && to >= c.since) return true;
    const auto later = [](const interval& i, instant t) { return i.to < t; };
    const auto i = std::lower_bound(c.past.begin(), c.past.end(), from, later);
    return i != c.past.end() && i->from <= to;
}

bool machine_sim::ever_idle(int number, instant from, instant to) const {
    const cpu& c = cpus_[static_cast<std::size_t>(number)];
    instant known = from;  // busy from `from` until here
    const auto later = [](const interval& i, instant t) { return i.to < t; };
    for (auto i = std::lower_bound(c.past.begin(), c.past.end(), from, later); i != c.past.end(); ++i) {
        if (i->from > known) break;
        known = std::max(known, i->to);
    }
    if (c.taken && c.since <= known + context_switch_) known = std::max(known, to);
    return known < to;
}

double machine_sim::load(int number, instant from, instant to) const {
    const cpu& c = cpus_[static_cast<std::size_t>(number)];
    nanoseconds sum{0};
    const auto add = [&](instant a, instant b) {
        sum += std::max(std::min(b, to) - std::max(a, from), nanoseconds{0});
    };
    for (const interval& i : c.past) add(i.from, i.to);
    if (c.taken) add(c.since, to);
    return to > from ? static_cast<double>(sum.count()) / static_cast<double>((to - from).count()) : 0.0;
}

}  // namespace drainlab::kernel
