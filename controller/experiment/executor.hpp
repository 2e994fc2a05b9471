// What makes the cycles. An interface, so that order, counting and statistics are tested without measuring.
#pragma once

#include "controller/experiment/failure.hpp"
#include "controller/experiment/scenario.hpp"
#include "controller/result/collect.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drainlab::experiment {

/// What one cycle brought.
struct cycle_outcome {
    report::cycle_sample sample;
    /// Set when the cycle says nothing about the scenario (no own switch was in flight, say) and must be made again.
    std::optional<std::string> repeat;
};

/// Makes real (or invented) cycles. Thread: one. Failures end the run: `interrupted`, `timed_out`, `broken`, ...
class executor {
  public:
    virtual ~executor() = default;
    /// Starts the scenario's background load; returns once it is at work.
    virtual result<void> begin(const scenario& s) = 0;
    /// One cycle under `policy`: mount, prepare, unmount, look what happened.
    virtual result<cycle_outcome> cycle(const scenario& s, const std::string& policy) = 0;
    /// Ends the background load and removes what it made. Also after a failure. What was violated meanwhile.
    virtual std::vector<report::violation> end() = 0;
};

}  // namespace drainlab::experiment
