// `bench --strategy sync,lazy,retry,async-pool`: unmounting as users do it, way by way.
#pragma once

#include "controller/cli/command.hpp"

namespace drainlab::cli {

/// The options of --strategy, and those of bench that go with them.
struct bench_strategy_options {
    std::vector<std::string> strategies;
    duration retry_initial{std::chrono::milliseconds(10)}, retry_max{std::chrono::milliseconds(500)};
    double retry_factor = 2, held_share = 0.3;
    std::int64_t retry_tries = 8, pool_workers = 4;
    std::string retry_then = "lazy";
    duration held_for{std::chrono::milliseconds(50)}, umount_delay{0};
    // as bench has them
    std::string policy = "persb", profile;
    std::int64_t samples = 40, seed = 1;
    std::optional<std::string> json;
    std::string format = "text", socket;
    bool no_save = false;  ///< do not keep the result
};

/// Adds --strategy and what goes with it to `bench`. `o` must live as long as the command.
void declare_bench_strategy(command& c, bench_strategy_options& o);

/// Runs it and prints the table, and drainlab.result/1 where asked
/// for: cells of the scenario "strategy", each with a key `strategy`.
result<exit_code> bench_strategy(const bench_strategy_options& o);

}  // namespace drainlab::cli
