// What `drainctl bench` can be asked for.
#pragma once
#include "controller/cli/bench_baseline.hpp"
#include "controller/cli/bench_strategy.hpp"
#include "controller/cli/command.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// The words of `drainctl bench`, of which only their spelling has been checked.
struct bench_options {
    std::vector<std::string> policies, namespace_policies, scenarios, mounts, widen, expect_violation;
    std::optional<std::int64_t> samples;
    std::int64_t seed = 1;
    bool quick = false, events = false, keep_going = false, check = false;
    std::string profile = "qemu-16vcpu", workload = "builtin", umount = "umount8", umount_wait = "auto";
    std::string identity = "auto", cgroup_root, socket, page_cache = "drop", format = "text";
    std::optional<duration> timeout;
    std::optional<std::string> json;
    bench_strategy_options strategy;
    baseline_options baseline;
    bool no_save = false;

    /// Unmounts per cell.
    std::int64_t samples_wanted() const { return samples.value_or(quick ? 15 : 40); }
};

/// Declares all of them. `o` must live as long as the command.
void declare_bench_options(command& c, bench_options& o);

}  // namespace drainlab::cli
