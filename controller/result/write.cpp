#include "controller/result/write.hpp"

#include "controller/result/keys.hpp"

namespace drainlab::report {
namespace {

using keys::json;
using keys::number;
using keys::of;
using keys::pair;
using keys::text;

json of(const std::optional<spread>& s) {
    if (!s) return nullptr;
    return {{"p50", number(s->p50)}, {"p95", number(s->p95)}, {"max", number(s->max)}};
}

json of(const std::optional<umount_figures>& u) {
    if (!u) return nullptr;
    return {{"p50", number(u->p50)}, {"p95", number(u->p95)},   {"p99", number(u->p99)},        {"max", number(u->max)},
            {"min", number(u->min)}, {"mean", number(u->mean)}, {"p50_ci95", pair(u->p50_ci95)}};
}

json of(const phase_figures& p) {
    return {{"detached", of(p.detached)},
            {"drain_begins", of(p.drain_begins)},
            {"drained", of(p.drained)},
            {"dead", of(p.dead)},
            {"returned", of(p.returned)}};
}

json of(const std::optional<wait_parts>& p) {
    if (!p) return nullptr;
    return {{"synchronize", number(p->synchronize)}, {"barrier", number(p->barrier)}, {"flush", number(p->flush)}};
}

json of(const drain_figures& d) {
    return {{"calls", d.calls},
            {"waited", d.waited},
            {"total_ms", number(d.total_ms)},
            {"per_call_us", number(d.per_call_us)},
            {"in_flight_mean", number(d.in_flight_mean)},
            {"parts_ms", of(d.parts_ms)}};
}

json of(const rcu_figures& r) {
    return {{"synchronize", of(r.synchronize)},
            {"barrier", of(r.barrier)},
            {"expedited", of(r.expedited)},
            {"switch", of(r.switching)}};
}

json of(const switch_figures& s) {
    const auto& by = s.by_producer;
    return {{"queued", s.queued},
            {"done", s.done},
            {"inodes", s.inodes},
            {"by_producer", {{"vote", by.vote}, {"offline", by.offline}, {"blkcg", by.blkcg}}}};
}

json of(const std::optional<lag_figures>& l) {
    if (!l) return nullptr;
    return {{"p50", number(l->p50)}, {"p99", number(l->p99)}, {"max", number(l->max)}};
}

json of(const std::vector<violation>& list) {
    auto out = json::array();
    for (const auto& v : list)
        out.push_back({{"invariant", v.invariant}, {"message", v.message}, {"producer", text(v.producer)}});
    return out;
}

json of(const std::map<std::string, std::string>& point) {
    if (point.empty()) return nullptr;
    json out = json::object();
    for (const auto& [key, value] : point) out[key] = value;
    return out;
}

json of(const std::map<std::string, measure::histogram>& histograms) {
    json out = json::object();
    for (const auto& [name, h] : histograms) out[name] = of(h);
    return out;
}

// What only a cell of a simulation's grid has, so that sharded results can be merged.
void add_grid(json& out, const cell& c) {
    if (!c.place) return;
    out["point"] = of(c.point);
    out["place"] = *c.place;
    out["histograms_ns"] = of(c.histograms);
}

template <class Field>
json column(const std::vector<umount_sample>& samples, Field field) {
    auto out = json::array();
    for (const auto& s : samples) {
        if constexpr (std::is_same_v<std::decay_t<decltype(s.*field)>, std::optional<std::uint64_t>>)
            out.push_back(s.*field ? json(*(s.*field)) : json(nullptr));
        else
            out.push_back(s.*field);
    }
    return out;
}

/// One column for each figure, as long as umount_ns and in its order.
json of(const std::vector<umount_sample>& samples) {
    if (samples.empty()) return nullptr;
    json out;
#define DRAINLAB_COLUMN(key, field) out[key] = column(samples, &umount_sample::field);
#include "controller/result/columns.inc"
#undef DRAINLAB_COLUMN
    return out;
}

/// The same with its own umount_ns.
json with_time(const std::vector<umount_sample>& samples) {
    json out = of(samples);
    if (!out.is_null()) out["umount_ns"] = column(samples, &umount_sample::umount_ns);
    return out;
}

/// Which figures are the machine's clock, which the model's.
json origin(const std::string& mode) {
    const char* clock = mode == "sim" ? "modelled" : "measured";
    const char* waits = mode == "lab" ? "measured" : "modelled";
    return {{"umount", clock}, {"phases", clock}, {"drain", clock},
            {"parts", waits},  {"rcu", waits},    {"switches", waits}};
}

json of(const cell& c, const std::string& mode) {
    json out = {{"scenario", c.scenario},
                {"title", c.title.empty() ? json(nullptr) : json(c.title)},
                {"policy", c.policy},
                {"namespace_policy", text(c.namespace_policy)},
                {"mounts", c.mounts},
                {"kernel", text(c.kernel)},
                {"policy_seen", text(c.policy_seen)},
                {"samples", c.samples},
                {"weak", c.weak},
                {"umount_ms", of(c.umount_ms)},
                {"umount_ns", c.umount_ns},
                {"unmounts", of(c.unmounts)},
                {"unmounts_not_held", with_time(c.not_held)},
                {"phases_ms", of(c.phases_ms)},
                {"drain", of(c.drain)},
                {"rcu_ms", of(c.rcu_ms)},
                {"switches", of(c.switches)},
                {"modelled_ms", c.modelled_p50_ms ? json{{"p50", number(*c.modelled_p50_ms)}} : json(nullptr)},
                {"loop_lag_us", of(c.loop_lag_us)},
                {"guessed_bytes", c.guessed_bytes},
                {"unknown_caller", c.unknown_caller},
                {"violations", of(c.violations)},
                {"observations", c.observations},
                {"origin", origin(mode)}};
    if (c.strategy) out["strategy"] = of(*c.strategy);
    if (!c.events.empty()) out["events"] = of(c.events);
    add_grid(out, c);
    return out;
}

}  // namespace

std::string to_json(const result& r) {
    json cells = json::array();
    for (const auto& c : r.cells) cells.push_back(of(c, r.run.mode));
    json comparisons = json::array();
    for (const auto& c : r.comparisons) {
        comparisons.push_back({{"scenario", c.scenario},
                               {"policy", c.policy},
                               {"against", c.against},
                               {"p50_ratio", number(c.p50_ratio)},
                               {"ci95", pair(c.ci95)}});
        if (!c.point.empty()) comparisons.back()["point"] = of(c.point);
    }
    json document{{"schema", "drainlab.result/1"},    {"complete", r.complete}, {"tool", of(r.tool)},
                  {"environment", of(r.environment)}, {"run", of(r.run)},       {"cells", cells},
                  {"comparisons", comparisons}};
    for (const auto& g : r.guests)
        document["guests"].push_back({{"policy", g.policy}, {"kernel", g.kernel}, {"figures", g.figures}});
    return keys::dumped(document);
}

}  // namespace drainlab::report
