// From a search to a verdict: was the world's window open, and if a lock kept it shut, does it open without that lock?
#pragma once
#include "controller/race/explore.hpp"
#include "controller/race/story.hpp"

namespace drainlab::race {

/// Whether the search went through one of the world's windows; if not, what shut it.
struct window_result {
    window which{};
    std::uint64_t reached{};            ///< schedules
    std::string excluded_by;            ///< the lock that keeps it shut; empty if reached, or if nothing explains it
    std::uint64_t control_schedules{};  ///< of the control run, until it reached the window
    std::string control_schedule;       ///< the schedule of the control run that reached it
};

/// A schedule that violates an invariant, as short as it could be made.
struct counterexample {
    sched::schedule schedule;
    finding what;
    story told;
};

/// A world under a combination of policies: verdict, and what it stands on.
struct judgement {
    subject under;
    std::string world;
    verdict says{};
    search_result search;
    std::vector<window_result> windows;
    std::optional<counterexample> example;
};

/// The combinations that `world` can be searched under: its halves say which of the two lists count.
std::vector<subject> subjects_of(const world_spec& world, const std::vector<const kernel::drain_policy*>& drains,
                                 const std::vector<const kernel::namespace_policy*>& names);
/// Whether `world`'s producer of switches existed in the kernels that the drain policy stands for.
bool applies(const subject& under, const world_spec& world);

/// Searches, minimises what it finds, and makes control runs for windows that were not reached.
judgement judge(const world_spec& world, const subject& under, const search_options& options);

/// Which world killed a mutant, if any.
struct mutant_result {
    std::string parent, mutant, world;
    bool killed{};
    finding by;
    std::uint64_t schedules{};
    double seconds{};
};
/// Searches `worlds` in order, under `mutant`, until one kills it.
mutant_result kill(const subject& mutant, const std::vector<world_spec>& worlds, const search_options& options);

}  // namespace drainlab::race
