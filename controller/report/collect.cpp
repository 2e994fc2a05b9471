#include "controller/report/collect.hpp"

#include "controller/measure/bootstrap.hpp"
#include "controller/measure/quantile.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace drainlab::report {
namespace {

constexpr double ns_per_ms = 1e6;

double ms(double ns) { return ns / ns_per_ms; }
double ms(std::uint64_t ns) { return ms(static_cast<double>(ns)); }

std::optional<spread> spread_of(const std::vector<std::uint64_t>& values) {
    if (values.empty()) return std::nullopt;
    const auto s = measure::sorted(values);
    return spread{ms(measure::quantile(s, 0.5)), ms(measure::quantile(s, 0.95)), ms(s.back())};
}

std::optional<spread> spread_of(const measure::histogram& h) {
    if (h.empty()) return std::nullopt;
    return spread{ms(h.value_at(0.5)), ms(h.value_at(0.95)), ms(h.max())};
}

umount_figures figures_of(const std::vector<std::uint64_t>& values) {
    const auto s = measure::sorted(values);
    const auto ci = measure::quantile_ci95(s, 0.5);
    const auto at = [&](double p) { return ms(measure::quantile(s, p)); };
    return {at(0.5), at(0.95), at(0.99), ms(s.back()), ms(s.front()), ms(measure::mean(s)), {ms(ci.low), ms(ci.high)}};
}

template <class Field>
std::vector<std::uint64_t> gather(const std::vector<umount_sample>& samples, Field field) {
    std::vector<std::uint64_t> values;
    for (const auto& s : samples)
        if (const std::optional<std::uint64_t> v = s.*field) values.push_back(*v);
    return values;
}

drain_figures drain_of(const std::vector<umount_sample>& samples) {
    drain_figures d;
    double total = 0, synchronize = 0, barrier = 0, flush = 0, seen = 0;
    std::size_t entries = 0;
    for (const auto& s : samples) {
        d.calls += s.drain_calls;
        d.waited += s.drain_waited;
        total += static_cast<double>(s.drain_ns);
        synchronize += static_cast<double>(s.synchronize_ns);
        barrier += static_cast<double>(s.barrier_ns);
        flush += static_cast<double>(s.flush_ns);
        if (!s.in_flight_at_entry) continue;
        seen += static_cast<double>(*s.in_flight_at_entry);
        ++entries;
    }
    d.total_ms = ms(total);
    if (d.calls > 0) d.per_call_us = total / 1e3 / static_cast<double>(d.calls);
    if (entries > 0) d.in_flight_mean = seen / static_cast<double>(entries);
    const auto waited = static_cast<double>(d.waited);
    if (d.waited > 0) d.parts_ms = wait_parts{ms(synchronize / waited), ms(barrier / waited), ms(flush / waited)};
    return d;
}

/// Per cycle the daemon gives quantiles, not samples: p50 is the median of the cycles', p99 their 99th, max the
/// largest.
std::optional<lag_figures> lag_of(const std::vector<lag_figures>& cycles) {
    if (cycles.empty()) return std::nullopt;
    const auto at = [&](double lag_figures::*field, double p) {
        std::vector<double> values;
        values.reserve(cycles.size());
        for (const auto& c : cycles) values.push_back(c.*field);
        std::sort(values.begin(), values.end());
        return values[measure::quantile_index(p, values.size())];
    };
    return lag_figures{at(&lag_figures::p50, 0.5), at(&lag_figures::p99, 0.99), at(&lag_figures::max, 1.0)};
}

void record_all(measure::histogram& into, const std::vector<std::uint64_t>& values) {
    for (const auto v : values) into.record(v);
}

/// A scenario is weak when its global policies' calls mostly found nothing; without such policies, when nobody's did.
bool is_weak(const std::vector<const cell*>& cells) {
    std::uint64_t calls = 0, waited = 0, any_calls = 0, any_waited = 0;
    for (const auto* c : cells) {
        any_calls += c->drain.calls;
        any_waited += c->drain.waited;
        if (!is_global(c->policy)) continue;
        calls += c->drain.calls;
        waited += c->drain.waited;
    }
    if (calls == 0) return any_calls == 0 || any_waited == 0;
    return static_cast<double>(waited) < weak_below * static_cast<double>(calls);
}

void compare(result& r, const std::string& against, std::uint64_t seed) {
    for (const auto& c : r.cells) {
        const auto* reference = find_cell(r, c.scenario, against);
        if (!reference || reference->umount_ns.empty() || c.umount_ns.empty()) continue;
        if (c.policy == against || c.mounts != "drainfs") continue;
        const auto a = measure::sorted(c.umount_ns);
        const auto b = measure::sorted(reference->umount_ns);
        const auto ratio = measure::p50_ratio(a, b, seed);
        r.comparisons.push_back(
            {c.scenario, c.policy, against, ratio.value, {ratio.ci95.low, ratio.ci95.high}, c.point});
    }
}

}  // namespace

collector::collector(std::string scenario, std::string policy, std::string mounts) {
    base_.scenario = std::move(scenario);
    base_.policy = std::move(policy);
    base_.mounts = std::move(mounts);
}

void collector::add(const cycle_sample& cycle) {
    umounts_.insert(umounts_.end(), cycle.umounts.begin(), cycle.umounts.end());
    auto& s = base_.switches;
    s.queued += cycle.switches.queued;
    s.done += cycle.switches.done;
    s.inodes += cycle.switches.inodes;
    s.by_producer.vote += cycle.switches.by_producer.vote;
    s.by_producer.offline += cycle.switches.by_producer.offline;
    s.by_producer.blkcg += cycle.switches.by_producer.blkcg;
    record_all(synchronize_, cycle.synchronize_ns);
    record_all(barrier_, cycle.barrier_ns);
    record_all(expedited_, cycle.expedited_ns);
    record_all(switching_, cycle.switch_ns);
    if (cycle.loop_lag_us) lags_.push_back(*cycle.loop_lag_us);
    base_.guessed_bytes += cycle.guessed_bytes;
    base_.unknown_caller += cycle.unknown_caller;
    base_.violations.insert(base_.violations.end(), cycle.violations.begin(), cycle.violations.end());
    base_.observations.insert(base_.observations.end(), cycle.observations.begin(), cycle.observations.end());
}

std::map<std::string, measure::histogram> collector::histograms() const {
    std::map<std::string, measure::histogram> all{
        {"synchronize", synchronize_}, {"barrier", barrier_}, {"expedited", expedited_}, {"switch", switching_}};
    const auto add = [&](const char* name, auto field) { record_all(all[name], gather(umounts_, field)); };
    add("detached", &umount_sample::detached_ns);
    add("drain_begins", &umount_sample::drain_begins_ns);
    add("drained", &umount_sample::drained_ns);
    add("dead", &umount_sample::dead_ns);
    add("modelled", &umount_sample::modelled_ns);
    return all;
}

cell collector::make() const {
    cell c = base_;
    c.samples = umounts_.size();
    for (const auto& s : umounts_) c.umount_ns.push_back(s.umount_ns);
    if (!c.umount_ns.empty()) c.umount_ms = figures_of(c.umount_ns);
    c.phases_ms.detached = spread_of(gather(umounts_, &umount_sample::detached_ns));
    c.phases_ms.drain_begins = spread_of(gather(umounts_, &umount_sample::drain_begins_ns));
    c.phases_ms.drained = spread_of(gather(umounts_, &umount_sample::drained_ns));
    c.phases_ms.dead = spread_of(gather(umounts_, &umount_sample::dead_ns));
    c.phases_ms.returned = spread_of(c.umount_ns);
    c.drain = drain_of(umounts_);
    c.rcu_ms = {spread_of(synchronize_), spread_of(barrier_), spread_of(expedited_), spread_of(switching_)};
    const auto modelled = spread_of(gather(umounts_, &umount_sample::modelled_ns));
    if (modelled) c.modelled_p50_ms = modelled->p50;
    c.loop_lag_us = lag_of(lags_);
    c.histograms = histograms();
    return c;
}

void merge_cell(cell& into, const cell& more) {
    into.samples += more.samples;
    into.umount_ns.insert(into.umount_ns.end(), more.umount_ns.begin(), more.umount_ns.end());
    if (!into.umount_ns.empty()) into.umount_ms = figures_of(into.umount_ns);
    for (const auto& [name, h] : more.histograms) into.histograms[name].merge(h);
    const auto of = [&](const char* name) { return spread_of(into.histograms[name]); };
    into.phases_ms = {of("detached"), of("drain_begins"), of("drained"), of("dead"), spread_of(into.umount_ns)};
    into.rcu_ms = {of("synchronize"), of("barrier"), of("expedited"), of("switch")};
    if (const auto modelled = of("modelled")) into.modelled_p50_ms = modelled->p50;
    auto& d = into.drain;
    const auto& m = more.drain;
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
    auto& s = into.switches;
    s.queued += more.switches.queued;
    s.done += more.switches.done;
    s.inodes += more.switches.inodes;
    s.by_producer.vote += more.switches.by_producer.vote;
    s.by_producer.offline += more.switches.by_producer.offline;
    s.by_producer.blkcg += more.switches.by_producer.blkcg;
    if (into.loop_lag_us && more.loop_lag_us) into.loop_lag_us = lag_of({*into.loop_lag_us, *more.loop_lag_us});
    into.guessed_bytes += more.guessed_bytes;
    into.unknown_caller += more.unknown_caller;
    into.violations.insert(into.violations.end(), more.violations.begin(), more.violations.end());
    into.observations.insert(into.observations.end(), more.observations.begin(), more.observations.end());
}

void finish(result& r, const std::string& against, std::uint64_t seed) {
    std::vector<std::string> scenarios;
    for (const auto& c : r.cells)
        if (std::find(scenarios.begin(), scenarios.end(), c.scenario) == scenarios.end())
            scenarios.push_back(c.scenario);
    const auto place = [&](const cell& c) {
        return std::find(scenarios.begin(), scenarios.end(), c.scenario) - scenarios.begin();
    };
    std::stable_sort(r.cells.begin(), r.cells.end(), [&](const cell& a, const cell& b) {
        if (place(a) != place(b)) return place(a) < place(b);
        if (a.mounts != b.mounts) return a.mounts < b.mounts;
        return shown_before(a.policy, b.policy);
    });
    std::map<std::string, std::vector<const cell*>> by_scenario;
    for (const auto& c : r.cells)
        if (c.mounts == "drainfs") by_scenario[c.scenario].push_back(&c);
    std::map<std::string, bool> weak;
    for (const auto& [scenario, cells] : by_scenario) weak[scenario] = is_weak(cells);
    for (auto& c : r.cells) c.weak = weak.contains(c.scenario) ? weak.at(c.scenario) : true;
    r.comparisons.clear();
    compare(r, against, seed);
}

}  // namespace drainlab::report
