// Runs a namespace policy through every schedule of a world, up to a bound on preemptions.
#pragma once
#include "fusefs/kernel/machine_real.hpp"
#include "fusefs/kernel/namespace/policy.hpp"
#include "fusefs/kernel/namespace/world.hpp"
#include "fusefs/kernel/rcu_untimed.hpp"
#include "fusefs/sched/exhaustive.hpp"
#include "fusefs/sched/search.hpp"

#include <set>

namespace drainlab::kernel::test {

struct explored {
    std::uint64_t schedules{};
    bool exhausted{};
    std::set<std::string> broken;  ///< invariants; "deadlock" and "livelock" among them
    std::set<std::string> observations;
    std::string first;  ///< message of the first
};

inline profile no_time() {
    profile p;
    p.cpus = namespace_world_cpus;
    return p;
}

/// One schedule. The order of the declarations is the order in which things need each other.
inline void run_schedule(sched::decider& choices, int preemptions, const namespace_policy& policy,
                         const namespace_world& world, explored& into) {
    sched::exhaustive_scheduler s{choices, {.preemptions = preemptions}};
    const profile p = no_time();
    machine_real cpus{s, p};
    rcu_untimed rcu{s};
    host h{s, cpus, rcu, p};
    h.flusher_enabled = false;
    mount_table t{h, policy, namespace_world_cpus};
    s.spawn("world", world.script(t), sched::fiber_kind::thread, 0);
    const auto end = s.run();
    if (end == sched::exhaustive_outcome::finished)
        check_leaked_mounts(t);
    else
        into.broken.insert(end == sched::exhaustive_outcome::deadlock ? "deadlock" : "livelock");
    for (const violation& v : h.violations) {
        if (into.first.empty()) into.first = v.message;
        into.broken.insert(v.invariant);
    }
    into.observations.insert(t.observations.begin(), t.observations.end());
    ++into.schedules;
    s.drop_all();
}

/// Stops at the first violation, or after `limit` schedules.
inline explored explore(std::string_view policy, std::string_view world, int preemptions = 2,
                        std::uint64_t limit = 200'000) {
    const auto* const p = find_namespace_policy(policy);
    const auto* const w = find_namespace_world(world);
    DRAINLAB_CHECK(p && w);
    explored all;
    sched::depth_first search;
    do {
        run_schedule(search, preemptions, *p, *w, all);
        if (!all.broken.empty() || all.schedules >= limit) return all;
    } while (search.next());
    all.exhausted = true;
    return all;
}

}  // namespace drainlab::kernel::test
