#include "controller/result/collect.hpp"
#include "controller/result/figures.hpp"

namespace drainlab::report {
namespace {

void add(drain_figures& d, const drain_figures& m) {
    const auto weighed = [](double a, std::uint64_t n, double b, std::uint64_t k) {
        return n + k == 0 ? 0.0
                          : (a * static_cast<double>(n) + b * static_cast<double>(k)) / static_cast<double>(n + k);
    };
    if (d.parts_ms || m.parts_ms) {
        const auto a = d.parts_ms.value_or(wait_parts{}), b = m.parts_ms.value_or(wait_parts{});
        d.parts_ms = wait_parts{weighed(a.synchronize, d.waited, b.synchronize, m.waited),
                                weighed(a.barrier, d.waited, b.barrier, m.waited),
                                weighed(a.flush, d.waited, b.flush, m.waited)};
    }
    if (d.in_flight_mean && m.in_flight_mean)
        d.in_flight_mean = weighed(*d.in_flight_mean, d.calls, *m.in_flight_mean, m.calls);
    d.calls += m.calls;
    d.waited += m.waited;
    d.total_ms += m.total_ms;
    if (d.calls > 0) d.per_call_us = d.total_ms * 1e3 / static_cast<double>(d.calls);
}

}  // namespace

void merge_cell(cell& into, const cell& more) {
    const bool raw = into.unmounts.size() == into.umount_ns.size() && more.unmounts.size() == more.umount_ns.size();
    if (raw)
        into.unmounts.insert(into.unmounts.end(), more.unmounts.begin(), more.unmounts.end());
    else
        into.unmounts.clear();  // one side is older: half the samples would be misread as all
    into.not_held.insert(into.not_held.end(), more.not_held.begin(), more.not_held.end());
    into.samples += more.samples;
    into.umount_ns.insert(into.umount_ns.end(), more.umount_ns.begin(), more.umount_ns.end());
    if (!into.umount_ns.empty()) into.umount_ms = figures_of(into.umount_ns);
    for (const auto& [name, h] : more.histograms) into.histograms[name].merge(h);
    const auto of = [&](const char* name) { return spread_of(into.histograms[name]); };
    into.phases_ms = {of("detached"), of("drain_begins"), of("drained"), of("dead"), spread_of(into.umount_ns)};
    into.rcu_ms = {of("synchronize"), of("barrier"), of("expedited"), of("switch")};
    if (const auto modelled = of("modelled")) into.modelled_p50_ms = modelled->p50;
    add(into.drain, more.drain);
    add(into.switches, more.switches);
    into.strategy.reset();  // its figures are of one run
    into.events.insert(into.events.end(), more.events.begin(), more.events.end());
    if (into.loop_lag_us && more.loop_lag_us) into.loop_lag_us = lag_of({*into.loop_lag_us, *more.loop_lag_us});
    into.guessed_bytes += more.guessed_bytes;
    into.unknown_caller += more.unknown_caller;
    into.violations.insert(into.violations.end(), more.violations.begin(), more.violations.end());
    into.observations.insert(into.observations.end(), more.observations.begin(), more.observations.end());
}

}  // namespace drainlab::report
