// What a search has seen so far.
#pragma once
#include "controller/race/world.hpp"
#include "fusefs/sched/schedule.hpp"

#include <optional>

namespace drainlab::race {

/// Counts of schedules and the first examples. Not shared: each thread has one, and they are appended.
struct tally {
    std::uint64_t schedules{}, choice_points{}, violating{};
    std::uint64_t verified{};  ///< ran twice
    std::uint32_t tasks{};     ///< the most fibers of one run
    by_window<std::uint64_t> reached{};
    std::optional<sched::schedule> counterexample;  ///< the first
    std::vector<finding> findings;                  ///< what it violated
    by_window<std::optional<sched::schedule>> window_example;

    template <class Taken>
    void add(const run_result& r, Taken taken) {
        ++schedules;
        tasks = std::max(tasks, r.tasks);
        for (std::size_t w = 0; w < window_count; ++w) {
            if (!r.reached[w]) continue;
            ++reached[w];
            if (!window_example[w]) window_example[w] = taken();
        }
        if (r.findings.empty()) return;
        ++violating;
        if (counterexample) return;
        counterexample = taken();
        findings = r.findings;
    }
    /// What came after it, in the order of the search.
    void append(const tally& later);
};

}  // namespace drainlab::race
