// How a run was made, for documents that are no drainlab.result/1, and when, for all.
#pragma once

#include "controller/result/facts.hpp"

#include <chrono>
#include <ctime>
#include <string>

namespace drainlab::cli {

/// A moment as documents write it: 2026-01-31T12:00:00Z.
std::string utc_text(std::time_t when);

/// Begins with the run: notes the time and the machine's load.
class noted {
  public:
    noted();
    /// At the end of it.
    report::facts facts(std::uint64_t seed) const;

  private:
    std::chrono::steady_clock::time_point begun_;
    std::string started_;
    double load_before_;
};

}  // namespace drainlab::cli
