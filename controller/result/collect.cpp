#include "controller/result/collect.hpp"

#include "controller/result/figures.hpp"

#include <algorithm>
#include <iterator>

namespace drainlab::report {
namespace {

void record_all(measure::histogram& into, const std::vector<std::uint64_t>& values) {
    for (const auto v : values) into.record(v);
}

void keep_events(const std::vector<traced_event>& more, cell& into) {
    if (more.empty() || into.events.size() >= most_events) return;
    const auto fits = std::min(more.size(), most_events - into.events.size());
    into.events.insert(into.events.end(), more.begin(), more.begin() + static_cast<std::ptrdiff_t>(fits));
    if (fits < more.size() || into.events.size() == most_events)
        into.observations.push_back("only the first " + std::to_string(most_events) + " events are kept");
}

}  // namespace

collector::collector(std::string scenario, std::string policy, std::string mounts) {
    base_.scenario = std::move(scenario);
    base_.policy = std::move(policy);
    base_.mounts = std::move(mounts);
}

void collector::add(const cycle_sample& cycle) {
    umounts_.insert(umounts_.end(), cycle.umounts.begin(), cycle.umounts.end());
    report::add(base_.switches, cycle.switches);
    record_all(synchronize_, cycle.synchronize_ns);
    record_all(barrier_, cycle.barrier_ns);
    record_all(expedited_, cycle.expedited_ns);
    record_all(switching_, cycle.switch_ns);
    if (cycle.loop_lag_us) lags_.push_back(*cycle.loop_lag_us);
    base_.guessed_bytes += cycle.guessed_bytes;
    base_.unknown_caller += cycle.unknown_caller;
    base_.violations.insert(base_.violations.end(), cycle.violations.begin(), cycle.violations.end());
    base_.observations.insert(base_.observations.end(), cycle.observations.begin(), cycle.observations.end());
    keep_events(cycle.events, base_);
}

void collector::keep_not_held(const cycle_sample& cycle) {
    std::copy_if(cycle.umounts.begin(), cycle.umounts.end(), std::back_inserter(base_.not_held),
                 [](const umount_sample& u) { return !u.held; });
}

std::vector<std::uint64_t> collector::umount_ns() const {
    std::vector<std::uint64_t> all;
    all.reserve(umounts_.size());
    for (const auto& s : umounts_) all.push_back(s.umount_ns);
    return all;
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
    c.unmounts = umounts_;
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

}  // namespace drainlab::report
