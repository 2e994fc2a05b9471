// A second, much simpler opinion about grace periods, to hold the mechanism against: one formula per grace period.
#pragma once
#include "fusefs/kernel/machine.hpp"
#include "fusefs/kernel/profile.hpp"
#include "fusefs/kernel/rcu.hpp"

#include <memory>

namespace drainlab::sim {

/// Serial grace periods of length U(0.1, 0.5) ms + J ticks, and up to one tick more
/// when a CPU is busy; callbacks run at the next tick after theirs. J is the forcing
/// interval in ticks. No lists per CPU, no batches, no softirq: `--gp-model formula`.
std::unique_ptr<kernel::rcu> make_gp_formula(sched::scheduler& sched, kernel::machine& cpus, const kernel::profile& p,
                                             std::uint64_t seed);

}  // namespace drainlab::sim
