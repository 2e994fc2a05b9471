// The executor of `drainctl sim`: cycles as the real one makes them, on modelled machines in virtual time.
#pragma once
#include "controller/run/executor.hpp"
#include "controller/sim/world.hpp"

#include <map>
#include <memory>

namespace drainlab::sim {

/// One machine under one policy, with the scenario's background load at work.
class cell;

/// Each policy has a machine of its own, seeded by (seed, scenario, policy): a cell's figures do not depend on which other
/// cells are in the run. Thread: one.
class executor final : public run::executor {
  public:
    executor(machine_options options, std::uint64_t seed);
    ~executor() override;

    client::result<void> begin(const run::scenario& s) override;
    client::result<run::cycle_outcome> cycle(const run::scenario& s, const std::string& policy) override;
    std::vector<report::violation> end() override;

  private:
    machine_options options_;
    std::uint64_t seed_;
    std::map<std::string, std::unique_ptr<cell>> cells_;
};

/// The seed of one cell.
std::uint64_t cell_seed(std::uint64_t seed, const std::string& scenario, const std::string& policy);

}  // namespace drainlab::sim
