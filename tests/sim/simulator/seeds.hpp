// Many seeds over the scenarios, without statistics: only what was violated counts.
#pragma once
#include "controller/experiment/scenario.hpp"
#include "controller/sim/executor.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace drainlab::tests {

/// A machine at one seed that violated an invariant.
struct seed_finding {
    std::uint64_t seed;
    std::string scenario, policy, message;
};

/// `cycles` unmount rounds of every scenario under every policy at one seed, each
/// on a machine of its own. A cycle that fails (a standstill) is a finding, too.
inline std::vector<seed_finding> try_seed(const sim::machine_options& machine, std::uint64_t seed,
                                          const std::vector<experiment::scenario>& scenarios,
                                          const std::vector<std::string>& policies, int cycles) {
    std::vector<seed_finding> found;
    for (const auto& s : scenarios)
        for (const auto& policy : policies) {
            sim::executor machines{machine, seed};
            std::vector<report::violation> all;
            const auto keep = [&](const std::vector<report::violation>& some) {
                all.insert(all.end(), some.begin(), some.end());
            };
            if (const auto begun = machines.begin(s); !begun)
                found.push_back({seed, s.name, policy, begun.error().message});
            for (int n = 0; n < cycles; ++n) {
                const auto made = machines.cycle(s, policy);
                if (!made) {
                    found.push_back({seed, s.name, policy, made.error().message});
                    break;
                }
                keep(made.value().sample.violations);
            }
            keep(machines.end());
            if (!all.empty()) found.push_back({seed, s.name, policy, all.front().message});
        }
    return found;
}

}  // namespace drainlab::tests
