// How a run was made, for documents that are no drainlab.result/1.
#pragma once

#include "controller/result/facts.hpp"

#include <chrono>

namespace drainlab::cli {

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
