// A run that passes through a named situation and violates nothing: why one may believe that "safe" is not empty.
#pragma once
#include "controller/race/explore.hpp"
#include "controller/race/story.hpp"

namespace drainlab::race {

/// A schedule that reaches the window, and its story.
struct witness {
    subject under;
    std::string world;
    sched::schedule schedule;
    story told;
};

/// The shortest: fewest preemptions (up to `bound`; negative: no limit, tried up to 4),
/// then fewest changes between tasks, then fewest steps. Looks at no more than `most`
/// schedules of one bound. Nothing if none of them gets there without a violation.
std::optional<witness> find_witness(const world_spec& world, const subject& under, window which, int bound,
                                    std::uint64_t most = 200'000);

}  // namespace drainlab::race
