// From a search to a verdict: was the world's window open, and if a lock kept it shut, does it open without that lock?
#pragma once
#include "controller/race/explore.hpp"
#include "controller/race/story.hpp"

namespace drainlab::race {

struct window_result {
    window which{};
    std::uint64_t reached{};            ///< schedules
    std::string excluded_by;            ///< the lock that keeps it shut; empty if reached, or if nothing explains it
    std::uint64_t control_schedules{};  ///< of the control run, until it reached the window
    std::string control_schedule;       ///< the schedule of the control run that reached it
};

struct counterexample {
    sched::schedule schedule;
    finding what;
    story told;
};

struct judgement {
    std::string policy, world;
    verdict says{};
    search_result search;
    std::vector<window_result> windows;
    std::optional<counterexample> example;
};

/// Whether `world`'s producer of switches existed in the kernels that `policy` stands for.
bool applies(const kernel::drain_policy& policy, const world_spec& world);

/// Searches, minimises what it finds, and makes control runs for windows that were not reached.
judgement judge(const world_spec& world, const kernel::drain_policy& policy, const search_options& options);

struct mutant_result {
    std::string parent, mutant, world;
    bool killed{};
    finding by;
    std::uint64_t schedules{};
    double seconds{};
};
/// Searches `worlds` in order, under `mutant`, until one kills it.
mutant_result kill(const kernel::drain_policy& mutant, const std::vector<world_spec>& worlds,
                   const search_options& options);

}  // namespace drainlab::race
