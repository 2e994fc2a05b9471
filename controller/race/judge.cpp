#include "controller/race/judge.hpp"

namespace drainlab::race {

namespace {

/// Searches for a schedule that reaches `w`, to show that what was left out kept it shut.
bool control(window_result& w, const world_spec& world, const kernel::drain_policy& policy,
             const std::string& left_out) {
    search_options options;
    options.stop_at = w.which;
    options.max_seconds = 30;
    const search_result found = search(world, policy, options);
    const auto& example = found.window_example[static_cast<std::size_t>(w.which)];
    if (!example) return false;
    w.excluded_by = left_out;
    w.control_schedules = found.state.schedules;
    w.control_schedule = sched::to_string(*example);
    return true;
}

void explain(window_result& w, const world_spec& world, const kernel::drain_policy& policy) {
    for (const shield s : world.shields)
        if (control(w, world.without(s), policy, std::string{to_string(s)})) return;
    world_spec open = world;
    std::string left_out;
    for (const shield s : world.shields) {
        open = open.without(s);
        left_out += (left_out.empty() ? "" : " and ") + std::string{to_string(s)};
        if (control(w, open, policy, left_out)) return;
    }
    // A policy may keep it shut by itself: one that holds the superblock until the switch is over.
    if (const auto* without = kernel::find_drain_policy(std::string{policy.id()} + "~no_pin")) {
        if (control(w, world, *without, "s_active")) return;
        if (control(w, open, *without, "s_active and " + left_out)) return;
    }
}

verdict verdict_of(const judgement& j) {
    if (j.example) return verdict::violates;
    if (!j.search.exhausted) return verdict::inconclusive;
    for (const window_result& w : j.windows)
        if (w.reached == 0 && w.excluded_by.empty()) return verdict::vacuous;
    return verdict::safe;
}

}  // namespace

bool applies(const kernel::drain_policy& policy, const world_spec& world) {
    return world.producer != "offline" || policy.offline_cleanup();
}

judgement judge(const world_spec& world, const kernel::drain_policy& policy, const search_options& options) {
    judgement j{std::string{policy.id()}, world.name, {}, search(world, policy, options), {}, {}};
    if (j.search.counterexample) {
        const finding& what = j.search.findings.front();
        const sched::schedule best = minimise(world, policy, *j.search.counterexample, what.invariant);
        j.example = counterexample{best, what, tell(world, policy, best)};
    }
    for (const window which : world.windows) {
        window_result w{which, j.search.state.reached[static_cast<std::size_t>(which)], {}, {}, {}};
        if (w.reached == 0 && !j.example && j.search.exhausted) explain(w, world, policy);
        j.windows.push_back(std::move(w));
    }
    j.says = verdict_of(j);
    return j;
}

mutant_result kill(const kernel::drain_policy& mutant, const std::vector<world_spec>& worlds,
                   const search_options& options) {
    mutant_result r;
    r.mutant = mutant.id();
    r.parent = r.mutant.substr(0, r.mutant.find('~'));
    for (const world_spec& world : worlds) {
        if (!applies(mutant, world)) continue;
        const search_result found = search(world, mutant, options);
        r.schedules += found.state.schedules;
        r.seconds += found.state.seconds;
        if (!found.counterexample) continue;
        r.killed = true;
        r.world = world.name;
        r.by = found.findings.front();
        break;
    }
    return r;
}

}  // namespace drainlab::race
