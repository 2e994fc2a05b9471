#include "controller/race/judge.hpp"

namespace drainlab::race {

namespace {

/// Searches for a schedule that reaches `w`, to show that what was left out kept it shut.
bool control(window_result& w, const world_spec& world, const subject& under, const std::string& left_out,
             crew* helpers) {
    search_options options;
    options.helpers = helpers;
    options.stop_at = w.which;
    options.max_seconds = 30;
    const search_result found = search(world, under, options);
    const auto& example = found.window_example[index_of(w.which)];
    if (!example) return false;
    w.excluded_by = left_out;
    w.control_schedules = found.state.schedules;
    w.control_schedule = sched::to_string(*example);
    return true;
}

void explain(window_result& w, const world_spec& world, const subject& under, crew* helpers) {
    for (const shield s : world.shields)
        if (control(w, world.without(s), under, std::string{to_string(s)}, helpers)) return;
    world_spec open = world;
    std::string left_out;
    for (const shield s : world.shields) {
        open = open.without(s);
        left_out += (left_out.empty() ? "" : " and ") + std::string{to_string(s)};
        if (control(w, open, under, left_out, helpers)) return;
    }
    // A policy may keep it shut by itself: one that holds the superblock
    // until the switch is over, one that needs no grace period.
    if (const auto* without =
            under.drain ? kernel::find_drain_policy(std::string{under.drain->id()} + "~no_pin") : nullptr) {
        const subject other{without, under.names};
        if (control(w, world, other, "s_active", helpers)) return;
        if (control(w, open, other, "s_active and " + left_out, helpers)) return;
    }
    if (!under.names) return;
    for (const auto* other : kernel::namespace_policies())
        if (other != under.names && control(w, world, {under.drain, other},
                                            "the policy (open under " + std::string{other->id()} + ")", helpers))
            return;
}

verdict verdict_of(const judgement& j) {
    if (j.example) return verdict::violates;
    if (!j.search.exhausted) return verdict::inconclusive;
    for (const window_result& w : j.windows)
        if (w.reached == 0 && w.excluded_by.empty()) return verdict::vacuous;
    return verdict::safe;
}

}  // namespace

std::vector<subject> subjects_of(const world_spec& world, const std::vector<const kernel::drain_policy*>& drains,
                                 const std::vector<const kernel::namespace_policy*>& names) {
    std::vector<subject> all;
    if (!world.has_switches())
        for (const auto* n : names) all.emplace_back(*n);
    else if (!world.has_mounts())
        for (const auto* d : drains) all.emplace_back(*d);
    else
        for (const auto* d : drains)
            for (const auto* n : names) all.emplace_back(d, n);
    return all;
}

bool applies(const subject& under, const world_spec& world) {
    return world.producer != "offline" || !under.drain || under.drain->offline_cleanup();
}

judgement judge(const world_spec& world, const subject& under, const search_options& options) {
    judgement j{under, world.name, {}, search(world, under, options), {}, {}};
    if (j.search.counterexample) {
        const finding& what = j.search.findings.front();
        const sched::schedule best = minimise(world, under, *j.search.counterexample, what.invariant);
        j.example = counterexample{best, what, tell(world, under, best)};
    }
    for (const window which : world.windows) {
        window_result w{which, j.search.state.reached[index_of(which)], {}, {}, {}};
        if (w.reached == 0 && !j.example && j.search.exhausted) explain(w, world, under, options.helpers);
        j.windows.push_back(std::move(w));
    }
    j.says = verdict_of(j);
    return j;
}

namespace {

/// The policy that `id` is a mutant of does the same in this world: the world tells nothing about the mutation.
bool parent_does_too(const world_spec& world, const subject& mutant, const search_result& found,
                     const search_options& options) {
    const auto bare = [](std::string_view id) { return id.substr(0, id.find('~')); };
    subject parent = mutant;
    if (parent.drain) parent.drain = kernel::find_drain_policy(bare(parent.drain->id()));
    if (parent.names) parent.names = kernel::find_namespace_policy(bare(parent.names->id()));
    const search_result same = search(world, parent, options);
    return same.counterexample && same.findings.front().invariant == found.findings.front().invariant;
}

}  // namespace

mutant_result kill(const subject& mutant, const std::vector<world_spec>& worlds, const search_options& options) {
    mutant_result r;
    r.mutant = mutant.id();
    r.parent = r.mutant.substr(0, r.mutant.find('~'));
    for (const world_spec& world : worlds) {
        if (!applies(mutant, world) || !(mutant.drain ? world.has_switches() : world.has_mounts())) continue;
        subject under = mutant;  // the other half, where the world has one, is as it should be
        if (world.has_switches() && !under.drain) under.drain = kernel::find_drain_policy("persb");
        if (world.has_mounts() && !under.names) under.names = kernel::find_namespace_policy("expedited");
        const search_result found = search(world, under, options);
        r.schedules += found.state.schedules;
        r.seconds += found.state.seconds;
        if (!found.counterexample || parent_does_too(world, under, found, options)) continue;
        r.killed = true;
        r.world = world.name;
        r.by = found.findings.front();
        break;
    }
    return r;
}

}  // namespace drainlab::race
