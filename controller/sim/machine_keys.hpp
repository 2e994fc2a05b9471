// The modelled machine's figures by name.
#pragma once
#include "controller/experiment/failure.hpp"
#include "controller/sim/world.hpp"

#include <string>

namespace drainlab::sim {

/// Sets one key of the machine: those of a profile file, and superblocks, burners, inodes, writes, generation_ms.
/// `wake_from_gp` follows `cpus` as in the kernel (on with at most 16) unless it is set itself. Exit 2 for what is no
/// key, with the nearest one, and for a value that it cannot have.
experiment::result<void> set_key(machine_options& machine, const std::string& key, const std::string& value);

}  // namespace drainlab::sim
