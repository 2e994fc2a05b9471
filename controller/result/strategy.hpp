// What `bench --strategy` found out of one way to unmount.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::report {

/// Milliseconds. Quantiles that so few samples cannot tell are missing.
struct four_figures {
    double p50 = 0;
    std::optional<double> p95, p99;
    double max = 0;
};

/// How an unmount that cannot be done at once is tried again.
struct retry_recipe {
    double initial_ms = 0, factor = 0, max_ms = 0;
    std::uint64_t tries = 0;
    std::string then;  ///< lazy, fail
};

/// How one unmount ended, beside its times in the cell.
struct strategy_outcome {
    std::string what;  ///< unmounted, fell_back, left_mounted
    bool held = false;
    std::uint64_t tries = 0;
};

/// Instants in ms after a batch's first call, and how many
/// superblocks lived from then on that the caller took for gone.
using backlog_steps = std::vector<std::pair<double, std::uint64_t>>;

/// One strategy in one cell: what became of its unmounts, and what they cost. `held`: of mounts with a holder.
struct strategy_figures {
    std::string name;  ///< sync, lazy, retry, async-pool
    std::uint64_t unmounts = 0, held = 0, unmounted = 0, left_mounted = 0, fell_back = 0;
    std::optional<double> success_rate;
    double tries_mean = 0;
    std::optional<four_figures> return_ms, dead_ms;
    double backlog_max = 0, backlog_mean = 0;
    std::optional<retry_recipe> retry;
    std::optional<std::uint64_t> workers;
    double held_share = 0, held_for_ms = 0, umount_delay_ms = 0;
    std::vector<strategy_outcome> outcomes;  ///< in the order of umount_ns; empty in older results
    std::vector<backlog_steps> batches;      ///< in the order of measuring; empty in older results
};

}  // namespace drainlab::report
