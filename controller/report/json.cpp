#include "controller/report/json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace drainlab::report {
namespace {

using json = nlohmann::ordered_json;

json number(double v) { return std::round(v * 1e6) / 1e6; }
json number(const std::optional<double>& v) { return v ? number(*v) : json(nullptr); }
json pair(const std::array<double, 2>& v) { return json::array({number(v[0]), number(v[1])}); }
json text(const std::optional<std::string>& v) { return v ? json(*v) : json(nullptr); }

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
    for (const auto& [name, h] : histograms) {
        auto buckets = json::array();
        h.each([&](std::uint64_t low, std::uint64_t, std::uint64_t count) { buckets.push_back({low, count}); });
        out[name] = {{"digits", h.digits()}, {"min", h.min()}, {"max", h.max()}, {"buckets", buckets}};
    }
    return out;
}

// What only a cell of a simulation's grid has, so that sharded results can be merged.
void add_grid(json& out, const cell& c) {
    if (!c.place) return;
    out["point"] = of(c.point);
    out["place"] = *c.place;
    out["histograms_ns"] = of(c.histograms);
}

json of(const cell& c) {
    json out = {{"scenario", c.scenario},
                {"policy", c.policy},
                {"namespace_policy", text(c.namespace_policy)},
                {"mounts", c.mounts},
                {"samples", c.samples},
                {"weak", c.weak},
                {"umount_ms", of(c.umount_ms)},
                {"umount_ns", c.umount_ns},
                {"phases_ms", of(c.phases_ms)},
                {"drain", of(c.drain)},
                {"rcu_ms", of(c.rcu_ms)},
                {"switches", of(c.switches)},
                {"modelled_ms", c.modelled_p50_ms ? json{{"p50", number(*c.modelled_p50_ms)}} : json(nullptr)},
                {"loop_lag_us", of(c.loop_lag_us)},
                {"guessed_bytes", c.guessed_bytes},
                {"unknown_caller", c.unknown_caller},
                {"violations", of(c.violations)},
                {"observations", c.observations}};
    add_grid(out, c);
    return out;
}

json of(const environment_info& e) {
    return {{"kernel", e.kernel},
            {"cpus", e.cpus},
            {"memory_mib", e.memory_mib},
            {"libfuse", text(e.libfuse)},
            {"root", e.root},
            {"identity", text(e.identity)},
            {"cgroup_root", text(e.cgroup_root)},
            {"memcg_death", text(e.memcg_death)},
            {"umount_wait", text(e.umount_wait)},
            {"detach_event", text(e.detach_event)}};
}

json of(const run_info& r) {
    return {{"mode", r.mode},         {"seed", r.seed},           {"profile", r.profile},
            {"workload", r.workload}, {"umount", text(r.umount)}, {"samples", r.samples},
            {"order", r.order},       {"started", r.started},     {"elapsed_s", number(r.elapsed_s)}};
}

}  // namespace

std::string to_json(const result& r) {
    json cells = json::array();
    for (const auto& c : r.cells) cells.push_back(of(c));
    json comparisons = json::array();
    for (const auto& c : r.comparisons) {
        comparisons.push_back({{"scenario", c.scenario},
                               {"policy", c.policy},
                               {"against", c.against},
                               {"p50_ratio", number(c.p50_ratio)},
                               {"ci95", pair(c.ci95)}});
        if (!c.point.empty()) comparisons.back()["point"] = of(c.point);
    }
    const json document{{"schema", "drainlab.result/1"},
                        {"complete", r.complete},
                        {"tool", {{"name", r.tool.name}, {"version", r.tool.version}, {"git", r.tool.git}}},
                        {"environment", of(r.environment)},
                        {"run", of(r.run)},
                        {"cells", cells},
                        {"comparisons", comparisons}};
    return document.dump(2) + "\n";
}

}  // namespace drainlab::report
