// What one `drainctl sim` runs: points of a sweep x scenarios x policies, and the shard of them that this run does.
#pragma once
#include "controller/experiment/bench.hpp"
#include "controller/experiment/failure.hpp"
#include "controller/result/result.hpp"
#include "controller/sim/sweep.hpp"
#include "controller/sim/world.hpp"

#include <functional>
#include <string>
#include <vector>

namespace drainlab::sim {

/// A policy on a machine of its own; its cells are called `name`.
struct grid_row {
    std::string name, policy;
    machine_options machine;
};

/// All that is to be run, and which part of it here.
struct grid {
    experiment::bench_options bench;  ///< scenarios, policies, samples, ...
    machine_options machine;
    std::vector<grid_row> rows{};  ///< instead of the policies on `machine`, if any
    std::vector<point> points{{}};
    shard part;
    int jobs = 1;  ///< threads; the cells do not depend on it
};

/// What came of it: the cells of this shard that were finished.
struct outcome {
    std::vector<report::cell> cells;
    bool complete = true;
    experiment::exit_code exit = experiment::exit_code::fine;
    std::optional<experiment::failure> why;
};

/// How many cells the whole grid has, those of other shards included.
std::uint64_t cells_of(const grid& g);

/// Runs the cells of the shard, `jobs` at a time, and returns them in order: cell k of the grid belongs to shard
/// k mod N + 1. Each cell depends on nothing but its point, scenario, policy and the seed. `stop` is asked between
/// cycles, `tell` told: from any thread, by one at a time.
outcome run_grid(const grid& g, const std::function<void(const experiment::progress&)>& tell,
                 const std::function<bool()>& stop);

}  // namespace drainlab::sim
