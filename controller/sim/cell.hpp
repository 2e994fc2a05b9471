// One cell under way: a machine, its background load, and cycles of mount, load, unmount on it.
#pragma once
#include "controller/experiment/executor.hpp"
#include "controller/sim/recorder.hpp"

namespace drainlab::sim {

/// A modelled machine of its own for one scenario under one policy. Same arguments, same cycles. Thread: one.
class cell {
  public:
    cell(const machine_options& options, const kernel::drain_policy& policy, const experiment::scenario& s,
         std::uint64_t seed);

    /// One cycle; a failure (`stuck`) when the machine came to a standstill, naming who waits for what.
    experiment::result<experiment::cycle_outcome> cycle();
    /// What was violated since the last cycle.
    std::vector<report::violation> violations();

  private:
    task<> one_cycle(experiment::cycle_outcome& out);
    task<> prepare(mounted& m);
    task<> own_churn(mounted& m);
    task<> fill(mounted& m);
    task<> others_write();
    mounted mount_target(int number);
    task<> neighbour(mounted& m);
    task<> in_flight();
    task<> umount(mounted& m, report::umount_sample& out, int& left);
    void warm_up();
    void collect(report::cycle_sample& into);

    experiment::scenario scenario_;
    world world_;
    std::vector<mounted> background_, idle_;
    std::vector<std::unique_ptr<kernel::address_space_operations>>
        gone_;  ///< of unmounted targets: a late switch may still ask them
    std::vector<std::shared_ptr<burner>> burners_;
    std::vector<kernel::memcg_ptr> containers_;
    kernel::switch_stats before_;
    std::size_t violations_seen_{};
    std::uint64_t cycles_{};
    std::optional<recorder> recorder_;
    std::size_t own_seen_{};  ///< targets of this cycle that had a switch of their own in flight when they were let go
};

}  // namespace drainlab::sim
