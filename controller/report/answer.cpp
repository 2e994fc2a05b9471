#include "controller/report/answer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

namespace drainlab::report {
namespace {

/// The policy that a scenario is summed up by: base if it is there, else the slowest that can be compared.
const comparison* telling(const result& r, const std::vector<const cell*>& cells) {
    const comparison* chosen = nullptr;
    for (const auto* c : cells) {
        const auto* x = comparison_of(r, *c);
        if (!x) continue;
        if (x->policy == "base") return x;
        if (!chosen || x->p50_ratio > chosen->p50_ratio) chosen = x;
    }
    return chosen;
}

std::string times(double v) { return fmt::format("{:.{}f}", v, v < 9.95 ? 1 : 0); }

std::string answer(const result& r, const std::vector<const cell*>& cells) {
    const auto& first = *cells.front();
    const auto what = first.title.empty() ? place_of(first) : fmt::format("{} ({})", first.title, place_of(first));
    const auto* x = telling(r, cells);
    if (!x) return fmt::format("{}: nothing to compare with.", what);
    const auto interval = fmt::format("[{}, {}]", times(x->ci95[0]), times(x->ci95[1]));
    if (x->ci95[0] <= 1 && x->ci95[1] >= 1)
        return fmt::format(
            "{}: an unmount takes as long under {} as under {}, as far as {} samples can tell: {} times {}.", what,
            x->policy, x->against, first.samples, times(x->p50_ratio), interval);
    const bool slower = x->p50_ratio > 1;
    const auto inverse = fmt::format("[{}, {}]", times(1 / x->ci95[1]), times(1 / x->ci95[0]));
    return fmt::format("{}: an unmount is {} times faster under {} than under {} {}{}.", what,
                       times(slower ? x->p50_ratio : 1 / x->p50_ratio), slower ? x->against : x->policy,
                       slower ? x->policy : x->against, slower ? interval : inverse,
                       first.weak ? "; weak: few calls found switches in flight" : "");
}

/// What the guests' clocks are worth.
std::string lab_clock(const std::string& accel) {
    if (accel == "icount")
        return ", by a clock that counts instructions (compare ratios and parts: CPU time under load is inflated)";
    return accel == "tcg" ? ", emulated, which the host's load disturbs: for function, not for time" : "";
}

/// Which kernel stands behind which name.
std::string kernels_of(const result& r) {
    std::vector<std::string> all;
    for (const auto& c : r.cells) {
        auto one = fmt::format("{} is {}", label(c), c.kernel.value_or("unknown"));
        if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
    }
    return fmt::format("{}", fmt::join(all, ", "));
}

/// A sweep in one sentence: between which ratios its points lie.
std::string sweep_answer(const result& r, const std::string& scenario,
                         const std::vector<std::vector<const cell*>>& points) {
    const comparison *least = nullptr, *most = nullptr;
    for (const auto& cells : points)
        if (const auto* x = telling(r, cells)) {
            if (!least || x->p50_ratio < least->p50_ratio) least = x;
            if (!most || x->p50_ratio > most->p50_ratio) most = x;
        }
    if (!least) return fmt::format("{}, {} points: nothing to compare with.", scenario, points.size());
    const auto where = [](const comparison& x) {
        std::string text;
        for (const auto& [key, value] : x.point) text += fmt::format("{}{}={}", text.empty() ? "" : ", ", key, value);
        return fmt::format("{} times [{}, {}] at {}", times(x.p50_ratio), times(x.ci95[0]), times(x.ci95[1]), text);
    };
    return fmt::format("{}, {} points: an unmount takes from {} to {} as long under {} as under {}.", scenario,
                       points.size(), where(*least), where(*most), most->policy, most->against);
}

/// What is worse than slow comes first: which policy broke what, where, how often.
std::vector<std::string> violated(const result& r) {
    std::vector<std::string> all;
    for (const auto& c : r.cells) {
        if (c.violations.empty()) continue;
        std::set<std::string> invariants;
        for (const auto& v : c.violations) invariants.insert(v.invariant);
        all.push_back(fmt::format("{}: {} violates {} ({} in {} samples).", place_of(c), label(c),
                                  fmt::join(invariants, ", "), c.violations.size(), c.samples));
    }
    return all;
}

}  // namespace

std::string label(const cell& c) {
    if (c.strategy) return c.strategy->name;
    if (has_policy(c)) return c.policy;
    if (c.namespace_policy) return *c.namespace_policy;
    return c.mounts;
}

std::string place_of(const cell& c) {
    auto text = c.scenario;
    for (const auto& [key, value] : c.point) text += fmt::format(", {}={}", key, value);
    return text;
}

std::vector<std::vector<const cell*>> by_scenario(const result& r) {
    std::vector<std::vector<const cell*>> groups;
    for (const auto& c : r.cells) {
        const auto same = [&](const auto& group) {
            return group.front()->scenario == c.scenario && group.front()->point == c.point;
        };
        auto at = std::find_if(groups.begin(), groups.end(), same);
        if (at == groups.end()) at = groups.emplace(groups.end());
        at->push_back(&c);
    }
    return groups;
}

const comparison* comparison_of(const result& r, const cell& c) {
    const auto at = std::find_if(r.comparisons.begin(), r.comparisons.end(), [&](const comparison& x) {
        return x.scenario == c.scenario && x.policy == c.policy && x.point == c.point && has_policy(c);
    });
    return at == r.comparisons.end() ? nullptr : &*at;
}

std::vector<std::string> answers(const result& r) {
    auto all = violated(r);
    std::map<std::string, std::vector<std::vector<const cell*>>> sweeps;
    for (const auto& cells : by_scenario(r)) {
        if (cells.front()->point.empty())
            all.push_back(answer(r, cells));
        else
            sweeps[cells.front()->scenario].push_back(cells);
    }
    for (const auto& [scenario, points] : sweeps) all.push_back(sweep_answer(r, scenario, points));
    if (all.empty()) all.emplace_back("The run has no cell.");
    return all;
}

std::string provenance(const result& r) {
    const auto& e = r.environment;
    if (r.run.mode == "sim") {
        const bool swept = !r.cells.empty() && r.cells.front().point.contains("cpus");
        return fmt::format("Simulated: all times are the model's (profile {}, {} CPUs, seed {}).", r.run.profile,
                           swept ? "swept" : std::to_string(e.cpus), r.run.seed);
    }
    const auto clock = r.run.umount.value_or("") == "syscall" ? "umount2()" : "umount(8)";
    const auto waits =
        e.umount_wait ? fmt::format(", wait by {}, identity by {}", *e.umount_wait, e.identity.value_or("?")) : "";
    const auto machine = fmt::format("kernel {}, {} CPUs{}", e.kernel, e.cpus, waits);
    if (r.run.mode == "lab")
        return fmt::format("Measured: a real {} on real kernels, in guests of {} CPUs{}; load {}; seed {}; {}.", clock,
                           e.cpus, lab_clock(r.run.accel.value_or("")), r.run.workload, r.run.seed, kernels_of(r));
    return fmt::format(
        "Measured: the wall clock around a real {} ({}). Modelled: grace periods, barriers and switches inside it "
        "(profile {}, seed {}).",
        clock, machine, r.run.profile, r.run.seed);
}

}  // namespace drainlab::report
