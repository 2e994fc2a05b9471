// Programs of the machine and of ours: where they are, and running one to its end.
#pragma once

#include "controller/machine/failure.hpp"

#include <string>
#include <vector>

namespace drainlab::machine {

/// Where a program is: beside our own binary, else on PATH. `no_program` (exit 4) when nowhere.
result<std::string> find_program(const std::string& name);

/// How a program ended, and what it said.
struct program_end {
    int status{};        ///< as a shell has it: the exit code, or 128 + the signal
    std::string output;  ///< what it printed on both streams
};

/// Runs a program (a path, or a name to be found on PATH) to its end, in plain
/// words (LC_ALL=C) and without input. Fails when it cannot be started (exit 4).
result<program_end> run_program(const std::vector<std::string>& words);

}  // namespace drainlab::machine
