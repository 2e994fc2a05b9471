#include "controller/result/churn.hpp"

#include "controller/result/keys.hpp"

#include <algorithm>

namespace drainlab::report {
namespace {

using keys::json;

json of(const counted& all) {
    auto out = json::object();
    for (const auto& [what, n] : all) out[what] = n;
    return out;
}

json of(const churn_action& a) {
    return {{"cycles", a.cycles},
            {"held", a.held},
            {"busy", a.busy},
            {"p50_ms", keys::number(a.p50_ms)},
            {"p95_ms", keys::number(a.p95_ms)},
            {"p99_ms", keys::number(a.p99_ms)},
            {"max_ms", keys::number(a.max_ms)},
            {"histogram_ns", a.histogram ? keys::of(*a.histogram) : json(nullptr)}};
}

/// Columns of one length.
json of(const std::vector<churn_unmount>& all, std::uint64_t one_in) {
    auto action = json::array(), at = json::array(), took = json::array(), dead = json::array();
    for (const auto& u : all) {
        action.push_back(u.action);
        at.push_back(u.at_ns);
        took.push_back(u.took_ns);
        dead.push_back(u.dead_ns ? json(*u.dead_ns) : json(nullptr));
    }
    return {{"one_in", one_in}, {"action", action}, {"at_ns", at}, {"umount_ns", took}, {"dead_ns", dead}};
}

json of(const churn_outcome& o) {
    auto actions = json::object();
    for (const auto& a : o.actions) actions[a.name] = of(a);
    return {{"mounts", o.mounts},
            {"elapsed_s", keys::number(o.elapsed_s)},
            {"cycles", o.cycles},
            {"cycles_per_s", keys::number(o.per_s)},
            {"cycles_per_s_ci95", o.per_s_ci95 ? keys::pair(*o.per_s_ci95) : json(nullptr)},
            {"actions", actions},
            {"holders_killed", o.holders_killed},
            {"daemon_kills", o.daemon_kills},
            {"interrupted_cycles", o.interrupted_cycles},
            {"passers_by", o.passers_by},
            {"names_taken", o.names_taken},
            {"bytes_verified", o.bytes_verified},
            {"violations", o.violations},
            {"unmounts", of(o.unmounts, o.one_in)},
            {"backlog", o.backlog ? json{{"every_ms", keys::number(o.backlog->every_ms)}, {"max", o.backlog->max}}
                                  : json(nullptr)}};
}

churn_action read_action(const std::string& name, const cursor& a) {
    churn_action x;
    x.name = name;
    x.cycles = keys::count_or(a["cycles"]);
    x.held = keys::count_or(a["held"]);
    x.busy = keys::count_or(a["busy"]);
    x.p50_ms = keys::maybe_number(a["p50_ms"]);
    x.p95_ms = keys::maybe_number(a["p95_ms"]);
    x.p99_ms = keys::maybe_number(a["p99_ms"]);
    x.max_ms = keys::maybe_number(a["max_ms"]);
    const auto h = a["histogram_ns"];
    if (!h["min"].null()) x.histogram = keys::read_histogram(h);  // the first ones had no ends
    return x;
}

std::vector<churn_unmount> read_unmounts(const cursor& u) {
    const auto action = keys::texts(u["action"]);
    const auto at = keys::counts(u["at_ns"]), took = keys::counts(u["umount_ns"]);
    const auto dead = u["dead_ns"].list(keys::maybe_count);
    if (at.size() != action.size() || took.size() != action.size() || dead.size() != action.size())
        u.fail("columns of one length");
    std::vector<churn_unmount> all;
    for (std::size_t i = 0; i < at.size(); ++i) all.push_back({action[i], at[i], took[i], dead[i]});
    return all;
}

churn_outcome read_outcome(const cursor& j) {
    churn_outcome o;
    o.mounts = keys::text_or(j["mounts"]);
    o.elapsed_s = keys::number_or(j["elapsed_s"]);
    o.cycles = keys::count_or(j["cycles"]);
    o.per_s = keys::number_or(j["cycles_per_s"]);
    o.per_s_ci95 = j["cycles_per_s_ci95"].maybe([](const cursor& c) { return c.pair(); });
    j["actions"].entries([&](const std::string& name, const cursor& a) { o.actions.push_back(read_action(name, a)); });
    o.holders_killed = keys::count_or(j["holders_killed"]);
    o.daemon_kills = keys::count_or(j["daemon_kills"]);
    o.interrupted_cycles = keys::count_or(j["interrupted_cycles"]);
    o.passers_by = keys::count_or(j["passers_by"]);
    o.names_taken = keys::count_or(j["names_taken"]);
    o.bytes_verified = keys::count_or(j["bytes_verified"]);
    o.violations = keys::texts(j["violations"]);
    o.one_in = std::max<std::uint64_t>(1, keys::count_or(j["unmounts"]["one_in"]));
    o.unmounts = read_unmounts(j["unmounts"]);
    o.backlog = j["backlog"].maybe([](const cursor& b) {
        return churn_backlog{b["every_ms"].number(), keys::counts(b["max"])};
    });
    return o;
}

counted read_counted(const cursor& c) {
    counted all;
    c.entries([&](const std::string& what, const cursor& n) { all.emplace_back(what, n.count()); });
    return all;
}

}  // namespace

std::string to_json(const churn_document& d) {
    json document{{"schema", "drainlab.churn/1"}};
    keys::add(document, d.made);
    document["origin"] = {{"actions", "measured"}, {"unmounts", "measured"}, {"backlog", "measured"}};
    document.update(of(d.ours));
    document["complete"] = d.complete;
    document["seed"] = d.seed;
    document["at_once"] = d.at_once;
    document["mix"] = of(d.mix);
    document["left"] = of(d.left);
    document["compared"] = d.compared ? of(*d.compared) : json(nullptr);
    return keys::dumped(document);
}

churn_document keys::read_churn(const cursor& j) {
    churn_document d;
    if (j["actions"].null()) j["actions"].fail("an object");
    d.made = read_facts(j);
    d.ours = read_outcome(j);
    d.compared = j["compared"].maybe(read_outcome);
    d.complete = j["complete"].null() || j["complete"].flag();
    d.seed = count_or(j["seed"]);
    d.at_once = count_or(j["at_once"]);
    d.mix = read_counted(j["mix"]);
    d.left = read_counted(j["left"]);
    return d;
}

}  // namespace drainlab::report
