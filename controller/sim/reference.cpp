#include "controller/sim/reference.hpp"

#include "controller/result/read.hpp"
#include "controller/words/data_dir.hpp"
#include "fusefs/input/json.hpp"
#include "fusefs/input/read_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace drainlab::sim {

using nlohmann::json;
using figures = reference::figures;

namespace {

figures::by_policy numbers(const json& j) {
    figures::by_policy out;
    for (const auto& [key, value] : j.items())
        if (!value.is_null()) out[key] = value.get<double>();
    return out;
}

/// One of workloads/reference.
figures read_reference(const json& j) {
    figures f;
    f.name = j.at("name");
    f.source = j.value("source", "");
    f.machine = j.value("machine", "");
    f.profile = j.value("profile", "");
    f.fitted = j.value("fitted", std::vector<std::string>{});
    f.within = numbers(j.at("within"));
    for (const auto& [scenario, policies] : j.at("umount_ms").items())
        for (const auto& [policy, c] : policies.items()) {
            auto& cell = f.umount_ms[scenario][policy];
            cell.p50 = c.at("p50");
            cell.at_once = c.value("max_of", 1);
            if (c.contains("p95")) cell.p95 = c.at("p95").get<double>();
        }
    const auto parts = j.value("parts_ms", json::object()), rcu = j.value("rcu_ms", json::object());  // items() borrows
    for (const auto& [scenario, policies] : parts.items())
        for (const auto& [policy, of] : policies.items()) f.parts_ms[scenario][policy] = numbers(of);
    f.per_call_ms = numbers(j.value("per_call_ms", json::object()));
    f.per_waiting_call_ms = numbers(j.value("per_waiting_call_ms", json::object()));
    f.weights = numbers(j.value("per_call_weights", json::object()));
    for (const auto& r : j.value("ratios", json::array()))
        f.ratios.push_back({r.at("of"), r.at("to"), r.at("per_waiting_call")});
    for (const auto& [primitive, r] : rcu.items())
        f.rcu_ms.push_back({primitive, r.at("scenario"), r.at("policy"), r.at("p50"), r.at("p95")});
    if (j.contains("own_cost_us")) {
        const auto& o = j.at("own_cost_us");
        f.own = figures::own_cost{o.at("policy"), o.at("theirs"), o.at("above"), o.at("below")};
    }
    if (j.contains("order"))
        for (const auto& entry : j.at("order")) {
            if (entry.is_array())
                f.order = entry.get<std::vector<std::string>>();
            else
                f.order_in.push_back(entry);
        }
    for (const auto& s : j.value("suspects", json::array()))
        f.suspects.push_back({s.at("scenario"), s.at("policy"), s.at("cause")});
    f.leaves_out = j.value("leaves_out", std::vector<std::string>{});
    return f;
}

/// A kernel lab's result is about a machine like that of profile
/// lab-4vcpu; its rows are kernels, of which several may have one policy.
void add_lab(figures& f, const report::result& r) {
    f.profile = "lab-4vcpu";
    f.cpus = r.environment.cpus;
    f.within = {{"umount_p50", 1.25}, {"parts", 1.25}};
    f.negligible_ms = 1.0;
    for (const auto& c : r.cells)
        if (c.kernel) f.releases[c.policy] = c.kernel->substr(0, c.kernel->find(' '));
    for (const auto& g : r.guests)
        for (const auto& [row, release] : f.releases)
            if (release == g.kernel) f.measured[row] = g.figures;
    if (const auto known = load_reference("lab")) f.leaves_out = (*known.value()).leaves_out;
}

/// A result of ours, real or simulated.
figures of_result(const report::result& r, const std::string& file) {
    figures f;
    f.name = file;
    f.source = "a result of drainlab, mode " + r.run.mode;
    f.profile = r.run.profile;
    f.within = {{"umount_p50", 1.3}, {"parts", 1.3}, {"per_call", 1.3}};
    for (const auto& c : r.cells) {
        if (!c.umount_ms || !c.point.empty() || !report::has_policy(c)) continue;
        if (c.policy_seen && c.policy_seen != c.policy) f.ours[c.policy] = *c.policy_seen;
        f.phases[c.scenario][c.policy] = c.phases_ms;
        f.umount_ms[c.scenario][c.policy] = {c.umount_ms->p50, c.umount_ms->p95, 1};
        if (c.drain.calls > 0)
            f.waited[c.scenario][c.policy] = static_cast<double>(c.drain.waited) / static_cast<double>(c.drain.calls);
        if (const auto& p = c.drain.parts_ms)
            f.parts_ms[c.scenario][c.policy] = {
                {"synchronize", p->synchronize}, {"barrier", p->barrier}, {"flush", p->flush}};
    }
    if (r.run.mode == "lab") add_lab(f, r);
    return f;
}

std::string path_of(const std::string& word) {
    if (word != "published" && word != "lab") return word;
    const auto dir = words::data_dir();
    return (dir ? dir.value() : std::string{"."}) + "/reference/" + word + ".json";
}

}  // namespace

std::string figures::suspected(const std::string& scenario, const std::string& policy) const {
    const auto fits = [](const std::string& pattern, const std::string& word) {
        return pattern == "*" || pattern == word;
    };
    for (const auto& s : suspects)
        if (fits(s.scenario, scenario) && fits(s.policy, policy)) return s.cause;
    return "unknown";
}

experiment::result<reference> load_reference(const std::string& word) {
    const auto path = path_of(word);
    const auto file = input::read_file(path, report::largest_result);
    if (!file.text)
        return experiment::usage_error("--compare " + file.error,
                                       "published, lab, or a file with a result is expected");
    const auto parsed = input::parse_json(*file.text);
    if (!parsed.value) return experiment::usage_error("--compare " + path + ": " + parsed.error);
    try {
        const auto& j = *parsed.value;
        if (!j.is_object()) return experiment::usage_error("--compare " + path + ": its JSON is no object");
        const auto schema = j.value("schema", "");
        if (schema == "drainlab.reference/1") return reference{std::make_shared<figures>(read_reference(j))};
        if (schema.starts_with("drainlab.result/")) {
            const auto read = report::read_json(*file.text);
            if (!read) return experiment::usage_error("--compare " + path + ": " + read.error);
            return reference{std::make_shared<figures>(of_result(*read.value, word))};
        }
        return experiment::usage_error("--compare " + path + ": its schema is \"" + schema +
                                       "\"; drainlab.result/1 or drainlab.reference/1 is expected");
    } catch (const json::exception& e) { return experiment::usage_error("--compare " + path + ": " + e.what()); }
}

compared_machine machine_behind(const reference& theirs) {
    const auto& f = *theirs;
    compared_machine m{f.profile, f.cpus, {}, {}, {}};
    std::set<std::string> policies;
    for (const auto& [row, release] : f.releases)
        m.rows.push_back({row, f.policy_of(row), release, wakes_from_gp(release, f.cpus),
                          f.measured.contains(row) ? f.measured.at(row) : std::map<std::string, std::uint64_t>{}});
    for (const auto& [scenario, rows] : f.umount_ms) {
        m.scenarios.push_back(scenario);
        for (const auto& [row, unused] : rows) policies.insert(f.policy_of(row));
    }
    m.policies.assign(policies.begin(), policies.end());
    std::sort(m.policies.begin(), m.policies.end(), report::shown_before);
    return m;
}

bool wakes_from_gp(const std::string& release, int cpus) {
    int major = 0, minor = 0;
    const auto *begin = release.data(), *end = begin + release.size();
    const auto [dot, bad] = std::from_chars(begin, end, major);
    if (bad == std::errc{} && dot != end && *dot == '.') std::from_chars(dot + 1, end, minor);
    return std::pair(major, minor) >= std::pair(6, 18) && cpus <= 16;
}

std::vector<std::string> compared_scenarios() {
    return {"own_churn", "idle_cross_pressure", "concurrent8_idle", "no_pressure"};
}

}  // namespace drainlab::sim
