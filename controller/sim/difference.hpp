// Where in an unmount two machines differ, told from their own phases.
#pragma once
#include "controller/result/result.hpp"

#include <string>

namespace drainlab::sim {

/// The stretch between two phases whose medians differ most: "mostly in
/// the drain: 30.1 ms, theirs 38.0". Empty where one side has no phases.
std::string where_it_differs(const report::phase_figures& ours, const report::phase_figures& theirs);

}  // namespace drainlab::sim
