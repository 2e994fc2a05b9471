// The lazy-umount scenarios in virtual time: a tmpfs mounted and unmounted, lazily or not, under a namespace policy.
#pragma once
#include "controller/experiment/failure.hpp"
#include "controller/result/collect.hpp"
#include "controller/sim/compare.hpp"
#include "controller/sim/world.hpp"
#include "fusefs/kernel/namespace/policy.hpp"
#include "fusefs/kernel/namespace/umount.hpp"

#include <functional>
#include <string>
#include <vector>

namespace drainlab::sim {

/// umount_free: umount of a mount that nobody uses. lazy_free: umount -l of the
/// same. lazy_held: umount -l while a file is open, which is closed 50 ms later.
std::vector<std::string> lazy_scenarios();
/// Whether it is one of those.
bool is_lazy_scenario(const std::string& name);

/// One modelled machine under one namespace policy. Each cycle is one process mount(8), one umount(8), and, as
/// the next user of the same device would, one more mount, which finds the device busy or not. Thread: one.
class lazy_cell {
  public:
    lazy_cell(const machine_options& options, const kernel::namespace_policy& policy, std::string scenario,
              std::uint64_t seed);
    ~lazy_cell();
    /// One umount; a failure (`stuck`) when the machine came to a standstill.
    experiment::result<report::cycle_sample> cycle();
    /// Lets everything end; what was violated since the last cycle, leaked mounts included.
    std::vector<report::violation> finish();

  private:
    sched::task<> one_cycle(report::umount_sample& out);
    sched::task<> umount8(report::umount_sample& out, const std::shared_ptr<kernel::super_block>& sb);
    sched::task<> holder(kernel::path file);
    void process_ends();
    std::vector<report::violation> violations();

    std::string scenario_;
    world world_;
    kernel::mount_table mounts_;
    std::shared_ptr<kernel::super_block> root_;
    kernel::mnt_namespace& ns_;
    std::uint64_t cycles_{};
    std::size_t violations_seen_{};
    int busy_at_next_mount_{};
};

/// What is to be run: each scenario under each policy.
struct lazy_run {
    machine_options machine;
    std::vector<std::string> scenarios, policies;  ///< namespace policies by id, mutants too
    int samples = 40;
    std::uint64_t seed = 1;
};

/// Runs all cells; `tell` hears of (scenario, policy, done, of), `stop` is
/// asked between cycles. Cells bear the namespace policy as their policy, too.
experiment::result<std::vector<report::cell>> run_lazy(
    const lazy_run& r, const std::function<void(const std::string&, const std::string&, int, int)>& tell,
    const std::function<bool()>& stop);

/// The published lazy figures beside ours, means in ms: a table, and how many miss by more than a factor of 1.25.
compared compare_lazy(const std::vector<report::cell>& ours);

}  // namespace drainlab::sim
