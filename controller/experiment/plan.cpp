#include "controller/experiment/plan.hpp"

#include "fusefs/sched/random.hpp"

#include <utility>

namespace drainlab::experiment {

std::vector<step> interleave(const std::vector<std::string>& policies, int cycles, std::uint64_t seed) {
    sched::random random{seed};
    std::vector<step> steps;
    auto round = policies;
    for (int i = 0; i <= cycles; ++i) {
        for (std::size_t left = round.size(); left > 1; --left)  // Fisher-Yates
            std::swap(round[left - 1], round[random.below(left)]);
        for (const auto& policy : round) steps.push_back({policy, i == 0});
    }
    return steps;
}

int cycles_for(int samples, int at_once) { return (samples + at_once - 1) / at_once; }

}  // namespace drainlab::experiment
