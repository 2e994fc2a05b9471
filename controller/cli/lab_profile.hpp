// `lab --profile-out`: what guests measured of their machines, as profiles of the simulator.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/lab/experiment.hpp"
#include "controller/result/result.hpp"

#include <string>

namespace drainlab::cli {

/// One file per kernel that was measured: `file` itself where the run has one kernel, else
/// with the row's name before its ending. Says which. Exit 4 when no guest came so far.
client::result<void> write_profiles(const std::string& file, const lab::experiment_end& end, const report::result& r);

}  // namespace drainlab::cli
