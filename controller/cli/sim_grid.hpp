// What the words of `sim` ask for: the machines, the cells, the kernels of the other side.
#pragma once
#include "controller/cli/sim_options.hpp"
#include "controller/sim/grid.hpp"

#include <vector>

namespace drainlab::cli {

/// The modelled machine. Exit 2 for what cannot be one.
result<sim::machine_options> sim_machine(const sim_options& o);
/// All cells of a run that is about drain policies.
result<sim::grid> sim_grid(const sim_options& o);
/// A machine for each kernel of the lab: with the causes that its guest measured, else as its release comes.
std::vector<sim::grid_row> sim_rows(const sim::compared_machine& theirs, const sim::grid& g);

}  // namespace drainlab::cli
