// What a scenario expects of its result (`[[expect]]` in its file), and whether it held.
#pragma once

#include "controller/result/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drainlab::experiment {

/// One `[[expect]]`. `kind` says which of the other fields count:
///  - `p50_ratio`: p50(policy) / p50(against) lies in [at_least, at_most];
///  - `p50_order`: the p50s of `policies` fall from each to the next;
///  - `p50_equal`: the p50s of `policies` differ by noise: largest / smallest <= at_most, or the 95 % intervals of the
///    two overlap;
///  - `waited`: the share of `policies`' cgroup_writeback_umount() calls that waited lies in [at_least, at_most];
///  - `switches`: each of `policies` saw at least `at_least` and at most `at_most` switches queued, of `producer` if
///  given;
///  - `no_violation`: no invariant was violated under `policies`.
struct expectation {
    std::string kind;
    std::string policy, against;
    std::vector<std::string> policies;
    std::optional<std::string> producer;
    std::optional<double> at_least, at_most;
};

/// Whether an expectation held, was missed, or could not be judged.
struct verdict {
    enum class outcome { held, missed, skipped };
    outcome what = outcome::skipped;
    std::string text;  ///< the expectation and the figures, one line
};

/// Judges one expectation in one scenario. Skipped when a policy it names is not in the run or has no sample.
verdict judge(const report::result& r, const std::string& scenario, const expectation& e);

}  // namespace drainlab::experiment
