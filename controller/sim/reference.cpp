#include "controller/sim/reference.hpp"

#include "controller/client/data_dir.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <fstream>

namespace drainlab::sim {

using nlohmann::json;
using figures = reference::figures;

namespace {

figures::by_policy numbers(const json& j) {
    figures::by_policy out;
    for (const auto& [key, value] : j.items()) out[key] = value.get<double>();
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

/// A result of ours, real or simulated.
figures read_result(const json& j, const std::string& file) {
    figures f;
    f.name = file;
    f.source = "a result of drainlab, mode " + j.at("run").value("mode", "?");
    f.profile = j.at("run").value("profile", "");
    f.within = {{"umount_p50", 1.3}, {"parts", 1.3}, {"per_call", 1.3}};
    for (const auto& c : j.at("cells")) {
        if (c.at("umount_ms").is_null() || (c.contains("point") && !c.at("point").is_null())) continue;
        const std::string scenario = c.at("scenario"), policy = c.at("policy");
        f.umount_ms[scenario][policy] = {c.at("umount_ms").at("p50"), c.at("umount_ms").at("p95").get<double>(), 1};
        const auto& parts = c.at("drain").at("parts_ms");
        if (parts.is_object()) f.parts_ms[scenario][policy] = numbers(parts);
    }
    return f;
}

std::string path_of(const std::string& word) {
    if (word != "published" && word != "lab") return word;
    const auto dir = client::data_dir();
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

client::result<reference> load_reference(const std::string& word) {
    const auto path = path_of(word);
    std::ifstream file(path);
    if (!file)
        return client::usage_error("--compare " + word + ": no such file",
                                   "published, lab, or a file with a result is expected");
    try {
        const auto j = json::parse(file);
        const auto schema = j.value("schema", "");
        if (schema == "drainlab.reference/1") return reference{std::make_shared<figures>(read_reference(j))};
        if (schema == "drainlab.result/1") return reference{std::make_shared<figures>(read_result(j, word))};
        return client::usage_error("--compare " + path + ": its schema is \"" + schema +
                                   "\"; drainlab.result/1 or drainlab.reference/1 is expected");
    } catch (const json::exception& e) { return client::usage_error("--compare " + path + ": " + e.what()); }
}

std::vector<std::string> compared_scenarios() {
    return {"own_churn", "idle_cross_pressure", "concurrent8_idle", "no_pressure"};
}

}  // namespace drainlab::sim
