// In which order policies take their turns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace drainlab::experiment {

/// One cycle to come.
struct step {
    std::string policy;
    bool warm_up = false;  ///< made, not counted
    bool operator==(const step&) const = default;
};

/// The cycles of one scenario: one warm-up per policy, then `cycles` of each. Both in random order, the counted ones in
/// rounds that hold every policy once, so that drift of the machine meets all alike. Same seed, same order.
std::vector<step> interleave(const std::vector<std::string>& policies, int cycles, std::uint64_t seed);

/// How many cycles give at least `samples` when each gives `at_once`.
int cycles_for(int samples, int at_once);

}  // namespace drainlab::experiment
