// What `drainctl sim` can be asked for.
#pragma once
#include "controller/cli/command.hpp"
#include "controller/sim/compare.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// The words of `drainctl sim`, of which only their spelling has been checked.
struct sim_options {
    std::vector<std::string> policies, namespace_policies, scenarios, widen, expect_violation, sweep;
    std::optional<std::int64_t> samples, cpus, hz, jobs;
    std::int64_t seed = 1, superblocks = 0, burners = 0, inodes = 0, writes = 0;
    bool quick = false, events = false, keep_going = false, check = false, reproducible = false;
    std::optional<std::string> profile, shard, compare, json;
    std::string gp_model = "mechanism", format = "text";
    std::optional<duration> timeout;

    /// Unmounts per cell.
    std::int64_t samples_wanted() const { return samples.value_or(quick ? 15 : 40); }
    /// The machine that a comparison is about, unless another one is asked for.
    std::string profile_name() const;
    /// What is not asked for is as on the other side, as far as a simulation can do it.
    void follow(const sim::compared_machine& theirs, const std::vector<std::string>& known_scenarios);
    /// Namespace policies are compared, not drain policies.
    bool lazy() const;
    /// Whether --compare names figures that the project brings along.
    bool against_reference() const { return compare == "lab" || compare == "published"; }
};

/// Declares all of them. `o` must live as long as the command.
void declare_sim_options(command& c, sim_options& o);

}  // namespace drainlab::cli
