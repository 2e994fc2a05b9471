// Measures the guest's own machine, with and without load.
#pragma once

#include <cstdint>

namespace drainlab::guest {

class channel;
class part_probes;

/// How many busy superblocks its load needs.
inline constexpr int measured_burners = 4;

/// Sends one line `measured`: see causes. Wants the burners' disks mounted and nothing at work.
void measure_machine(channel& out, part_probes& parts, int hz, std::uint64_t seed);

}  // namespace drainlab::guest
