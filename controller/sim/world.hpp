// One modelled machine in virtual time: CPUs, RCU, the mimicked kernel, superblocks, and the load on them.
#pragma once
#include "controller/experiment/scenario.hpp"
#include "controller/sim/filesystem.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/machine_sim.hpp"
#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/sched/lock.hpp"
#include "fusefs/sched/simulated.hpp"

#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::sim {

/// The machine and its tenants, beyond what the scenario says.
struct machine_options {
    kernel::profile profile;
    std::string gp_model = "mechanism";  ///< mechanism, formula or none: where grace periods take their time from
    int superblocks = 0;                 ///< idle ones mounted besides
    int burners = 0;        ///< instead of the scenario's background mounts, where it has any; 0: the scenario's
    int inodes = 0;         ///< clean cached files on every superblock
    int writes = 0;         ///< of a burner's generation; 0: the profile's, else the scenario's
    int generation_ms = 0;  ///< a burner's generation takes at least this long, its writes spread over it; 0: no limit
    std::vector<std::pair<std::string, nanoseconds>> widen;
    bool events = false;  ///< record what is traced, and who has which CPU
};

/// A mounted filesystem and the file its burner writes.
struct mounted {
    std::unique_ptr<kernel::address_space_operations> fs;
    std::shared_ptr<kernel::super_block> sb;
    std::shared_ptr<kernel::inode> file;
};

/// A burner under way. After `stop` it ends with its generation, after
/// `stop_at_once` within it; either way its file is closed and its cgroup removed.
struct burner {
    bool stop = false, stop_at_once = false;
    bool ended = false;
    std::uint64_t generations = 0;
};

/// Everything that one cell is made with. Same options, policy and seed: same events. Thread: one.
class world {
  public:
    world(const machine_options& options, const kernel::drain_policy& policy, std::uint64_t seed);
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    /// A new superblock on a device of its own, or on that of `beside`. With the machine's clean files.
    mounted mount(std::string name, const mounted* beside = nullptr, std::uint64_t bytes_per_s = 0);
    /// An overlay whose upper layer lies on `upper`. Its own bdi does no writeback (noop_backing_dev_info).
    mounted mount_overlay(std::string name, const mounted& upper, bool is_volatile);
    /// Starts generation after generation of fresh cgroups on `where`. One of
    /// `together`: more than the CPUs begin at random moments of the time that
    /// they need for a generation each, or they would go on in step for long.
    std::shared_ptr<burner> burn(const mounted& where, unsigned writes, int together = 1);
    /// A length spread evenly over half to one and a half times `mean`.
    nanoseconds about(nanoseconds mean);
    /// CPU time of the running fiber, spread like about().
    task<> work(nanoseconds mean) { return cpus.consume(about(mean)); }
    /// One page written synchronously by a task of `m`; `more` of
    /// them follow at once. `stamped`: see machine_sim::write().
    task<> sync_write(kernel::inode& file, kernel::pgoff_t index, const kernel::memcg_ptr& m, unsigned more,
                      std::int64_t& stamped);
    /// Runs `body` as a task of its own to its end; false when the machine came to a standstill before.
    bool run(task<> body, const std::string& name);

    const machine_options& options() const noexcept { return options_; }
    const kernel::drain_policy& policy() const noexcept { return policy_; }

    sched::simulated_scheduler sched;
    kernel::machine_sim cpus;
    std::unique_ptr<kernel::rcu> rcu;
    std::unique_ptr<kernel::host> host;

  private:
    task<> burner_loop(std::shared_ptr<kernel::inode> file, unsigned writes, nanoseconds after,
                       std::shared_ptr<burner> me);
    /// CPU time of making or removing a cgroup, part of it under cgroup_mutex, which there is one of.
    task<> cgroup_work(nanoseconds mean);
    task<> housekeeping();

    machine_options options_;
    const kernel::drain_policy& policy_;
    sched::mutex cgroup_mutex_;
};

}  // namespace drainlab::sim
