// How a run was made, and when.
#pragma once

#include "controller/result/facts.hpp"
#include "controller/result/result.hpp"

#include <chrono>
#include <string>

namespace drainlab::cli {

/// Begins with the run: notes the time and the machine's load.
class noted {
  public:
    noted();
    /// At the end of it, for documents that are no drainlab.result/1.
    report::facts facts(std::uint64_t seed) const;
    /// The same for those: when it began, how long it took, the command line and the machine's load.
    void into(report::run_info& run) const;

  private:
    std::chrono::steady_clock::time_point begun_;
    std::string started_;
    double load_before_;
};

}  // namespace drainlab::cli
