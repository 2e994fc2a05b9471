// The line a person watches while the bench runs; silent off a terminal.
#pragma once

#include "controller/run/bench.hpp"

#include <chrono>
#include <string>

namespace drainlab::run {

/// `done` of `total` after `elapsed`: "idle_cross_pressure  base  12 of 40, 1:05 left". Time is left out until a few
/// cycles are behind us.
std::string progress_text(const progress& at, std::chrono::nanoseconds elapsed);

/// Rewrites one line on standard error, when that is a terminal. Wipes it when destroyed.
class progress_line {
  public:
    progress_line();
    ~progress_line();
    void show(const progress& at);
    void wipe();

  private:
    bool on_;
    std::chrono::steady_clock::time_point begun_;
};

}  // namespace drainlab::run
