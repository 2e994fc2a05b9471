// The line a person watches while the bench runs; silent off a terminal.
#pragma once

#include "controller/experiment/bench.hpp"

#include <chrono>
#include <string>

namespace drainlab::cli {

/// `done` of `total` after `elapsed`: "idle_cross_pressure  base  12 of 40, 1:05 left". Time is left out until a few
/// cycles are behind us.
std::string progress_text(const experiment::progress& at, std::chrono::nanoseconds elapsed);

/// The text in at most `columns`: what is more would go on in a second line, which nobody
/// wipes. Parts (two blanks between) go from the left until it fits: how far it is counts most.
std::string fitted(const std::string& text, int columns);

/// Rewrites one line on standard error, when that is a terminal. Wipes it when destroyed.
class progress_line {
  public:
    progress_line();
    ~progress_line();
    void show(const experiment::progress& at);
    void show(const std::string& text);
    void wipe();

  private:
    bool on_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point begun_;
};

}  // namespace drainlab::cli
