#include "controller/result/read.hpp"

#include "controller/measure/quantile.hpp"
#include "controller/result/keys.hpp"
#include "fusefs/input/json.hpp"
#include "fusefs/input/read_file.hpp"

#include <algorithm>

namespace drainlab::report {
namespace {

using namespace keys;

std::optional<spread> read_spread(const cursor& c) {
    return c.maybe([](const cursor& s) {
        return spread{s["p50"].number(), maybe_number(s["p95"]), s["max"].number()};
    });
}

std::optional<umount_figures> read_umount(const cursor& c) {
    return c.maybe([](const cursor& u) {
        return umount_figures{u["p50"].number(), maybe_number(u["p95"]), maybe_number(u["p99"]), u["max"].number(),
                              u["min"].number(), u["mean"].number(),     u["p50_ci95"].pair()};
    });
}

drain_figures read_drain(const cursor& c) {
    drain_figures d;
    d.calls = count_or(c["calls"]);
    d.waited = count_or(c["waited"]);
    d.total_ms = number_or(c["total_ms"]);
    d.per_call_us = number_or(c["per_call_us"]);
    d.in_flight_mean = maybe_number(c["in_flight_mean"]);
    d.parts_ms = c["parts_ms"].maybe([](const cursor& p) {
        return wait_parts{p["synchronize"].number(), p["barrier"].number(), p["flush"].number()};
    });
    return d;
}

switch_figures read_switches(const cursor& c) {
    const auto by = c["by_producer"];
    return {count_or(c["queued"]),
            count_or(c["done"]),
            count_or(c["inodes"]),
            {count_or(by["vote"]), count_or(by["offline"]), count_or(by["blkcg"])}};
}

void take(const cursor& c, std::vector<umount_sample>& into, std::uint64_t umount_sample::*field) {
    const auto all = counts(c);
    if (!c.null() && all.size() != into.size()) c.fail("as many entries as umount_ns has");
    for (std::size_t i = 0; i < all.size(); ++i) into[i].*field = all[i];
}
void take(const cursor& c, std::vector<umount_sample>& into, std::optional<std::uint64_t> umount_sample::*field) {
    const auto all = c.list(maybe_count);
    if (!c.null() && all.size() != into.size()) c.fail("as many entries as umount_ns has");
    for (std::size_t i = 0; i < all.size(); ++i) into[i].*field = all[i];
}

std::vector<umount_sample> read_unmounts(const cursor& c, const std::vector<std::uint64_t>& umount_ns) {
    if (c.null()) return {};
    std::vector<umount_sample> all(umount_ns.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i].umount_ns = umount_ns[i];
#define DRAINLAB_COLUMN(key, field) take(c[key], all, &umount_sample::field);
#include "controller/result/columns.inc"
#undef DRAINLAB_COLUMN
    return all;
}

std::vector<umount_sample> read_not_held(const cursor& c) {
    auto all = read_unmounts(c, counts(c["umount_ns"]));
    for (auto& u : all) u.held = false;
    return all;
}

std::map<std::string, std::string> read_point(const cursor& c) {
    std::map<std::string, std::string> out;
    c.entries([&](const std::string& key, const cursor& v) { out[key] = v.text(); });
    return out;
}

cell read_cell(const cursor& j) {
    cell c;
    c.scenario = j["scenario"].text();
    c.title = text_or(j["title"]);
    c.policy = j["policy"].text();
    c.point = read_point(j["point"]);
    c.namespace_policy = maybe_text(j["namespace_policy"]);
    c.mounts = j["mounts"].text();
    c.kernel = maybe_text(j["kernel"]);
    c.policy_seen = maybe_text(j["policy_seen"]);
    c.umount_ns = counts(j["umount_ns"]);
    c.samples = j["samples"].count();
    if (c.samples != c.umount_ns.size())
        j["samples"].fail(std::to_string(c.umount_ns.size()) + ", the length of umount_ns,");
    c.unmounts = read_unmounts(j["unmounts"], c.umount_ns);
    c.not_held = read_not_held(j["unmounts_not_held"]);
    c.weak = !j["weak"].null() && j["weak"].flag();
    c.umount_ms = read_umount(j["umount_ms"]);
    if (c.umount_ms.has_value() == c.umount_ns.empty())
        j["umount_ms"].fail(c.umount_ms ? "null without samples" : "an object");
    if (c.umount_ms && !measure::supports(0.95, c.umount_ns.size())) c.umount_ms->p95.reset();
    if (c.umount_ms && !measure::supports(0.99, c.umount_ns.size())) c.umount_ms->p99.reset();
    const auto p = j["phases_ms"];
    c.phases_ms = {read_spread(p["detached"]), read_spread(p["drain_begins"]), read_spread(p["drained"]),
                   read_spread(p["dead"]), read_spread(p["returned"])};
    c.drain = read_drain(j["drain"]);
    const auto r = j["rcu_ms"];
    c.rcu_ms = {read_spread(r["synchronize"]), read_spread(r["barrier"]), read_spread(r["expedited"]),
                read_spread(r["switch"])};
    c.switches = read_switches(j["switches"]);
    c.modelled_p50_ms = maybe_number(j["modelled_ms"]["p50"]);
    c.loop_lag_us = j["loop_lag_us"].maybe([](const cursor& l) {
        return lag_figures{l["p50"].number(), l["p99"].number(), l["max"].number()};
    });
    c.guessed_bytes = count_or(j["guessed_bytes"]);
    c.unknown_caller = count_or(j["unknown_caller"]);
    c.violations = j["violations"].list([](const cursor& v) {
        return violation{v["invariant"].text(), v["message"].text(), maybe_text(v["producer"])};
    });
    c.observations = texts(j["observations"]);
    c.strategy = read_strategy(j["strategy"]);
    c.events = read_events(j["events"]);
    c.place = maybe_count(j["place"]);
    j["histograms_ns"].entries(
        [&](const std::string& name, const cursor& h) { c.histograms[name] = read_histogram(h); });
    return c;
}

}  // namespace

result keys::read_result(const nlohmann::json& j) {
    const auto schema = schema_of(j);
    if (schema != "drainlab.result/1") throw misread("not a drainlab.result/1 document: its schema is " + schema);
    const cursor top{j, ""};
    result r;
    r.complete = top["complete"].flag();
    r.tool = read_tool(top["tool"]);
    r.environment = read_environment(top["environment"]);
    r.run = read_run(top["run"]);
    if (top["cells"].null()) top["cells"].fail("a list");
    r.cells = top["cells"].list(read_cell);
    r.comparisons = top["comparisons"].list([](const cursor& c) {
        return comparison{c["scenario"].text(),    c["policy"].text(), c["against"].text(),
                          c["p50_ratio"].number(), c["ci95"].pair(),   read_point(c["point"])};
    });
    r.guests = top["guests"].list([](const cursor& c) {
        guest_figures g{c["policy"].text(), c["kernel"].text(), {}};
        c["figures"].entries([&](const std::string& key, const cursor& v) { g.figures[key] = v.count(); });
        return g;
    });
    return r;
}

read_outcome read_json(const std::string& text) {
    const auto parsed = input::parse_json(text);
    if (!parsed.value) return {std::nullopt, parsed.error};
    try {
        return {read_result(*parsed.value), {}};
    } catch (const misread& e) { return {std::nullopt, e.what()}; }
}

read_outcome load(const std::string& path) {
    const auto file = input::read_file(path, largest_result);
    if (!file.text) return {std::nullopt, file.error};
    auto read = read_json(*file.text);
    if (!read) read.error = path + ": " + read.error;
    return read;
}

}  // namespace drainlab::report
