// Which guest boots when: short boots, kernels in turn, so that drift of the host meets all alike.
#pragma once

#include "workloads/guest/parameters.hpp"

#include <cstdint>
#include <vector>

namespace drainlab::lab {

/// One boot of one kernel, and what its guest is told.
struct planned_boot {
    std::size_t kernel = 0;  ///< index
    guest::parameters told;
};

/// Every kernel gets `samples` unmounts of each scenario, in boots of at most `per_boot` of each;
/// within a round the kernels, within a boot the scenarios are in an order drawn from `seed`. A round
/// of several targets at once is never split. A kernel is measured in its first boot, if at all.
std::vector<planned_boot> plan_boots(std::size_t kernels, const guest::parameters& all, int samples, int per_boot,
                                     std::uint64_t seed);

}  // namespace drainlab::lab
