#include "controller/report/read.hpp"

#include <nlohmann/json.hpp>

namespace drainlab::report {
namespace {

using nlohmann::json;

/// The value of a key; nothing where it is null or missing.
template <class T>
std::optional<T> maybe(const json& j, const char* key) {
    const auto at = j.find(key);
    if (at == j.end() || at->is_null()) return std::nullopt;
    return at->get<T>();
}
template <class T>
T value(const json& j, const char* key) {
    return maybe<T>(j, key).value_or(T{});
}
const json& part(const json& j, const char* key) {
    static const json none = json::object();
    const auto at = j.find(key);
    return at == j.end() || at->is_null() ? none : *at;
}

std::optional<spread> read_spread(const json& j, const char* key) {
    const auto& s = part(j, key);
    if (s.empty()) return std::nullopt;
    return spread{s.at("p50"), s.at("p95"), s.at("max")};
}

std::optional<umount_figures> read_umount(const json& u) {
    if (u.empty()) return std::nullopt;
    return umount_figures{u.at("p50"),
                          u.at("p95"),
                          u.at("p99"),
                          u.at("max"),
                          u.at("min"),
                          u.at("mean"),
                          u.at("p50_ci95").get<std::array<double, 2>>()};
}

drain_figures read_drain(const json& j) {
    drain_figures d;
    d.calls = value<std::uint64_t>(j, "calls");
    d.waited = value<std::uint64_t>(j, "waited");
    d.total_ms = value<double>(j, "total_ms");
    d.per_call_us = value<double>(j, "per_call_us");
    d.in_flight_mean = maybe<double>(j, "in_flight_mean");
    const auto& p = part(j, "parts_ms");
    if (!p.empty()) d.parts_ms = wait_parts{p.at("synchronize"), p.at("barrier"), p.at("flush")};
    return d;
}

switch_figures read_switches(const json& j) {
    const auto& by = part(j, "by_producer");
    return {value<std::uint64_t>(j, "queued"),
            value<std::uint64_t>(j, "done"),
            value<std::uint64_t>(j, "inodes"),
            {value<std::uint64_t>(by, "vote"), value<std::uint64_t>(by, "offline"), value<std::uint64_t>(by, "blkcg")}};
}

measure::histogram read_histogram(const json& j) {
    return measure::histogram::from(j.at("digits"),
                                    j.at("buckets").get<std::vector<std::pair<std::uint64_t, std::uint64_t>>>(),
                                    j.at("min"), j.at("max"));
}

cell read_cell(const json& j) {
    cell c;
    c.scenario = j.at("scenario");
    c.policy = j.at("policy");
    c.point = value<std::map<std::string, std::string>>(j, "point");
    c.namespace_policy = maybe<std::string>(j, "namespace_policy");
    c.mounts = j.at("mounts");
    c.samples = j.at("samples");
    c.weak = value<bool>(j, "weak");
    c.umount_ms = read_umount(part(j, "umount_ms"));
    c.umount_ns = j.at("umount_ns").get<std::vector<std::uint64_t>>();
    const auto& p = part(j, "phases_ms");
    c.phases_ms = {read_spread(p, "detached"), read_spread(p, "drain_begins"), read_spread(p, "drained"),
                   read_spread(p, "dead"), read_spread(p, "returned")};
    c.drain = read_drain(part(j, "drain"));
    const auto& r = part(j, "rcu_ms");
    c.rcu_ms = {read_spread(r, "synchronize"), read_spread(r, "barrier"), read_spread(r, "expedited"),
                read_spread(r, "switch")};
    c.switches = read_switches(part(j, "switches"));
    c.modelled_p50_ms = maybe<double>(part(j, "modelled_ms"), "p50");
    const auto& lag = part(j, "loop_lag_us");
    if (!lag.empty()) c.loop_lag_us = lag_figures{lag.at("p50"), lag.at("p99"), lag.at("max")};
    c.guessed_bytes = value<std::uint64_t>(j, "guessed_bytes");
    c.unknown_caller = value<std::uint64_t>(j, "unknown_caller");
    for (const auto& v : j.at("violations"))
        c.violations.push_back({v.at("invariant"), v.at("message"), maybe<std::string>(v, "producer")});
    c.observations = value<std::vector<std::string>>(j, "observations");
    c.place = maybe<std::uint64_t>(j, "place");
    for (const auto& [name, h] : part(j, "histograms_ns").items()) c.histograms[name] = read_histogram(h);
    return c;
}

environment_info read_environment(const json& j) {
    environment_info e;
    e.kernel = value<std::string>(j, "kernel");
    e.cpus = value<int>(j, "cpus");
    e.memory_mib = value<std::uint64_t>(j, "memory_mib");
    e.libfuse = maybe<std::string>(j, "libfuse");
    e.root = value<bool>(j, "root");
    e.identity = maybe<std::string>(j, "identity");
    e.cgroup_root = maybe<std::string>(j, "cgroup_root");
    e.memcg_death = maybe<std::string>(j, "memcg_death");
    e.umount_wait = maybe<std::string>(j, "umount_wait");
    e.detach_event = maybe<std::string>(j, "detach_event");
    return e;
}

run_info read_run(const json& j) {
    run_info r;
    r.mode = j.at("mode");
    r.seed = j.at("seed");
    r.profile = value<std::string>(j, "profile");
    r.workload = value<std::string>(j, "workload");
    r.umount = maybe<std::string>(j, "umount");
    r.samples = value<int>(j, "samples");
    r.order = value<std::string>(j, "order");
    r.started = value<std::string>(j, "started");
    r.elapsed_s = value<double>(j, "elapsed_s");
    return r;
}

}  // namespace

read_outcome read_json(const std::string& text) {
    try {
        const auto j = json::parse(text);
        if (!j.is_object() || j.value("schema", "") != "drainlab.result/1")
            return {std::nullopt, "not a drainlab.result/1 document"};
        result r;
        r.complete = j.at("complete");
        const auto& t = part(j, "tool");
        r.tool = {value<std::string>(t, "name"), value<std::string>(t, "version"), value<std::string>(t, "git")};
        r.environment = read_environment(part(j, "environment"));
        r.run = read_run(j.at("run"));
        for (const auto& c : j.at("cells")) r.cells.push_back(read_cell(c));
        for (const auto& c : j.at("comparisons"))
            r.comparisons.push_back({c.at("scenario"), c.at("policy"), c.at("against"), c.at("p50_ratio"),
                                     c.at("ci95").get<std::array<double, 2>>(),
                                     value<std::map<std::string, std::string>>(c, "point")});
        return {std::move(r), {}};
    } catch (const json::exception& e) { return {std::nullopt, e.what()}; }
}

}  // namespace drainlab::report
