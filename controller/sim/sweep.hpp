// Which points of a sweep there are, and which part of a grid a run does.
#pragma once
#include "controller/experiment/failure.hpp"
#include "controller/sim/world.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::sim {

/// Keys of the machine and their values.
using point = std::map<std::string, std::string>;

/// One key and the values it takes.
using axis = std::pair<std::string, std::vector<std::string>>;

/// Parses the words of `--sweep KEY=A,B,C` after they were split at commas;
/// the values are tried on `machine`. Exit 2 where set_key() would fail.
experiment::result<std::vector<axis>> parse_sweep(const std::vector<std::string>& words,
                                                  const machine_options& machine);

/// Every combination, the first axis slowest; one empty point without axes.
std::vector<point> points_of(const std::vector<axis>& axes);

/// `I/N`: the I-th of N shards.
struct shard {
    int number = 1, of = 1;
};
/// Exit 2 for anything but 1 <= I <= N.
experiment::result<shard> parse_shard(const std::string& word);

}  // namespace drainlab::sim
