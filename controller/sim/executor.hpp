// The executor of `drainctl sim`: cycles as the real one makes them, on modelled machines in virtual time.
#pragma once
#include "controller/experiment/executor.hpp"
#include "controller/sim/world.hpp"

#include <map>
#include <memory>

namespace drainlab::sim {

/// One machine under one policy, with the scenario's background load at work.
class cell;

/// Each policy has a machine of its own, seeded by (seed, scenario, policy): a
/// cell's figures do not depend on which other cells are in the run. Thread: one.
class executor final : public experiment::executor {
  public:
    executor(machine_options options, std::uint64_t seed);
    ~executor() override;

    experiment::result<void> begin(const experiment::scenario& s) override;
    experiment::result<experiment::cycle_outcome> cycle(const experiment::scenario& s,
                                                        const std::string& policy) override;
    std::vector<report::violation> end() override;

  private:
    machine_options options_;
    std::uint64_t seed_;
    std::map<std::string, std::unique_ptr<cell>> cells_;
};

/// The seed of one cell.
std::uint64_t cell_seed(std::uint64_t seed, const std::string& scenario, const std::string& policy);

}  // namespace drainlab::sim
