// What one `drainctl sim` runs: points of a sweep x scenarios x policies, and the shard of them that this run does.
#pragma once
#include "controller/client/failure.hpp"
#include "controller/report/result.hpp"
#include "controller/run/bench.hpp"
#include "controller/sim/world.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::sim {

using point = std::map<std::string, std::string>;

/// One key and the values it takes.
using axis = std::pair<std::string, std::vector<std::string>>;

/// Parses the words of `--sweep KEY=A,B,C` after they were split at commas. The keys are those of a profile file and
/// superblocks, burners, inodes, writes, generation_ms; the values are tried on `machine`. Exit 2 otherwise, with the nearest key.
client::result<std::vector<axis>> parse_sweep(const std::vector<std::string>& words, const machine_options& machine);

/// Every combination, the first axis slowest; one empty point without axes.
std::vector<point> points_of(const std::vector<axis>& axes);

/// Sets one key of the machine. `wake_from_gp` follows `cpus` as in the kernel (on with at most 16) unless it is set itself.
client::result<void> set_key(machine_options& machine, const std::string& key, const std::string& value);

/// `I/N`: the I-th of N shards.
struct shard {
    int number = 1, of = 1;
};
client::result<shard> parse_shard(const std::string& word);

struct grid {
    run::bench_options bench;  ///< scenarios, policies, samples, ...
    machine_options machine;
    std::vector<point> points{{}};
    shard part;
};

struct outcome {
    std::vector<report::cell> cells;
    bool complete = true;
    client::exit_code exit = client::exit_code::fine;
    std::optional<client::failure> why;
};

/// Runs the cells of the shard, one after the other: cell k of the grid belongs to shard k mod N + 1. Each cell depends on
/// nothing but its point, scenario, policy and the seed. `stop` is asked between cycles.
outcome run_grid(const grid& g, const std::function<void(const run::progress&)>& tell,
                 const std::function<bool()>& stop);

/// Comparisons and `weak` flags, point by point.
void finish(report::result& r, const std::string& against, std::uint64_t seed);

}  // namespace drainlab::sim
