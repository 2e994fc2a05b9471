#include "controller/measure/bootstrap.hpp"
#include "controller/measure/quantile.hpp"
#include "controller/result/collect.hpp"

#include <algorithm>
#include <map>

namespace drainlab::report {
namespace {

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
        if (c.policy == against || !has_policy(c)) continue;
        const auto a = measure::sorted(c.umount_ns);
        const auto b = measure::sorted(reference->umount_ns);
        const auto ratio = measure::p50_ratio(a, b, seed);
        r.comparisons.push_back(
            {c.scenario, c.policy, against, ratio.value, {ratio.ci95.low, ratio.ci95.high}, c.point});
    }
}

}  // namespace

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
        if (has_policy(c)) by_scenario[c.scenario].push_back(&c);
    std::map<std::string, bool> weak;
    for (const auto& [scenario, cells] : by_scenario) weak[scenario] = is_weak(cells);
    for (auto& c : r.cells) c.weak = weak.contains(c.scenario) ? weak.at(c.scenario) : true;
    r.comparisons.clear();
    compare(r, against, seed);
}

}  // namespace drainlab::report
