// Running another program and waiting for its end, not longer than for a given time. For threads that may wait.
#pragma once
#include <chrono>
#include <string>
#include <vector>

namespace drainlab::os {

/// What to run, and for how long at most.
struct program_run {
    std::vector<std::string> words;             ///< the first is looked up on PATH
    std::vector<std::string> environment = {};  ///< beside our own: "NAME=value"
    int descriptor{-1};                         ///< becomes the program's descriptor 3
    int output{-1};                             ///< becomes its standard output; else it has ours
    std::chrono::milliseconds limit{5'000};
};

/// How it ended.
struct program_end {
    int error{};         ///< errno: it could not be run. ETIMEDOUT: it was killed, and its children with it
    int status{-1};      ///< as waitpid() tells it; 0: all went well
    std::string said{};  ///< on standard error, without the last newline; 4 KiB at most
};

/// In a process group of its own, with no signal blocked. Thread: any; it waits.
program_end run_program(const program_run& run);

}  // namespace drainlab::os
