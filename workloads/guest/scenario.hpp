// Runs one scenario: the load, rounds of unmounts, a line per unmount and one for the load.
#pragma once

#include "workloads/guest/parameters.hpp"
#include "workloads/guest/tracing.hpp"

namespace drainlab::guest {

class channel;

/// What is looked at while a scenario runs; borrowed.
struct instruments {
    part_probes& parts;
    switch_counter& switches;
    recorder* record;  ///< null: traces are not sent
};

/// False when the kernel has complained of busy inodes: the machine is then not to be used any further.
bool run_scenario(channel& out, const scenario_order& s, const parameters& p, instruments with);

}  // namespace drainlab::guest
