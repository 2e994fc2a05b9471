// One tree of choices, searched by as many threads as are free; with the result of one thread.
#pragma once
#include "controller/race/tally.hpp"
#include "fusefs/sched/search.hpp"

#include <atomic>
#include <chrono>
#include <functional>

namespace drainlab::race {

/// Threads that have nothing to do. Shared by searches that run at the same time; may be short below zero for a moment.
struct crew {
    std::atomic<int> spare{0};
};

/// What the search does with each schedule. Called from several threads at once, each with choices of its own.
struct subtree_work {
    std::function<void(sched::depth_first&, tally&)> run_one;
    std::function<bool(const tally&)> found;
    /// Now and then, from the caller's thread: where the search is. False: stop.
    std::function<bool(const tally&, const sched::depth_first&)> go_on;
    std::uint64_t most{UINT64_MAX};  ///< schedules of one part; for a search on one thread only
    std::chrono::steady_clock::time_point deadline{std::chrono::steady_clock::time_point::max()};
};

/// What came of a search.
struct subtree_result {
    tally sum;                ///< of all schedules up to the first find, in the order of a depth-first search
    sched::depth_first left;  ///< not finished: where to go on
    bool finished{};          ///< nothing is left, and nothing was found
};

/// Goes through the tree from `start` on. Parts are split off for threads of `helpers`
/// (may be null). Rethrows what `run_one` throws. The find is the first in depth-first
/// order whoever comes across it, so the counts do not depend on the number of threads.
subtree_result search_subtrees(sched::depth_first start, const subtree_work& work, crew* helpers);

}  // namespace drainlab::race
