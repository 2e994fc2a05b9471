// The main job: scenarios x policies x samples, in interleaved order.
#pragma once

#include "controller/experiment/executor.hpp"
#include "controller/experiment/plan.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace drainlab::experiment {

/// What is to be measured. Scenarios and policies are not empty; no policy twice.
struct bench_options {
    std::vector<scenario> scenarios;
    std::vector<std::string> policies;
    int samples = 40;  ///< per cell, at least
    std::uint64_t seed = 1;
    std::set<std::string> expected_violations;  ///< policies that must violate an invariant somewhere
    bool keep_going = false;                    ///< violations do not end the run
    std::string against = "persb";
};

/// For a progress line: what is being done now, and how much of everything is behind us.
struct progress {
    std::string scenario, policy;
    int done = 0, total = 0;  ///< cycles of the whole run, warm-ups included
    std::string so_far{};     ///< of this scenario: "base / persb 17.9 [15.2, 20.1]", once there are some samples
    bool by_time = false;     ///< `done` of `total` is a share of time: shown in per cent
};

/// What came of it.
struct bench_outcome {
    bool complete = true;
    std::vector<report::cell> cells;  ///< in the order of scenarios and policies; sorted by report::finish
    exit_code exit = exit_code::fine;
    std::optional<failure> why;  ///< what ended the run early, or made `exit` what it is
};

/// How often one sample may be repeated before the cell goes on without it.
inline constexpr int most_repeats = 20;

/// Runs everything. A failure of the executor ends the run: what was measured is kept, `complete` is false. A violation
/// under a policy that is not expected to have one does too, unless `keep_going`; the exit code is then `violated`.
bench_outcome run_bench(const bench_options& options, executor& cycles,
                        const std::function<void(const progress&)>& tell);

}  // namespace drainlab::experiment
