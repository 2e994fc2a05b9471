// A profile: the causes of waiting on one modelled machine. Never a length of a grace period, a barrier, a flush or a
// switch:
// those come out of the mechanism. One profile serves all policies and all scenarios.
#pragma once
#include <chrono>
#include <string>

namespace drainlab::kernel {

using std::chrono::nanoseconds;

/// Values with their source are in workloads/profiles/*.toml; the names there are the names here.
struct profile {
    std::string name{"zero"};
    bool zero{true};  ///< no modelled wait at all: grace periods and workers take no time

    int hz{1000};                          ///< CONFIG_HZ: the tick is 1/hz s
    int cpus{16};                          ///< online CPUs
    nanoseconds tick_jitter{0};            ///< a tick is late by up to this much
    bool wake_from_gp{true};               ///< rcutree.rcu_normal_wake_from_gp: default on with at most 16 CPUs
    bool rcu_normal{false};                ///< rcupdate.rcu_normal (PREEMPT_RT): expedited is normal
    bool rcu_expedited{false};             ///< rcupdate.rcu_expedited
    int blimit{10};                        ///< rcutree.blimit: callbacks per softirq pass
    nanoseconds callback_cost{0};          ///< time one callback takes
    int callbacks_per_cgroup_exit{0};      ///< call_rcu()s sent by the end of a task and the removal of its cgroup
    double background_callbacks_per_s{0};  ///< call_rcu()s of the rest of the system, while CPUs are busy
    double overcommit{1.0};                ///< vCPUs per host CPU: a busy vCPU gets 1/overcommit of the time
    nanoseconds gp_init{0};                ///< rcu_gp_init()
    nanoseconds gp_cleanup{0};             ///< rcu_gp_cleanup()
    nanoseconds expedited_ipi{0};          ///< one IPI round of an expedited grace period
    nanoseconds worker_wake{0};            ///< from queue_work() to the first instruction of the work
    nanoseconds context_switch{0};
    nanoseconds switch_per_inode{0};  ///< inode_do_switch_wbs() without pages
    nanoseconds switch_per_page{0};   ///< per tagged folio
    nanoseconds mount_base{0};        ///< simulation only: a mount without any drain
    nanoseconds umount_base{0};       ///< simulation only: an umount without any drain
    nanoseconds cgroup_create{0};     ///< simulation only: CPU time of mkdir, fork and entering the cgroup
    nanoseconds cgroup_remove{0};     ///< simulation only: CPU time of exit, wait and rmdir
    double cgroup_locked{0};  ///< simulation only: the share of both that is under cgroup_mutex, by one task at a time
    nanoseconds sync_write{0};  ///< simulation only: CPU time of one synchronous 4 KiB write, journal included
    int burner_writes{0};       ///< simulation only: writes of a generation of that machine's load; 0: the scenario's
    nanoseconds writeback_page{
        1'000};                     ///< simulation only: CPU time of writing one dirty page back, by sync or flusher
    nanoseconds device_latency{0};  ///< simulation only: until the device has taken what was written
    /// Simulation only, of umount_base: umount(8) itself up to the system call, and the filesystem's part of the
    /// shutdown. The rest
    /// is its exit.
    double umount_before_call{0.5}, umount_in_shutdown{0.4};
    nanoseconds housekeeping_every{62'000'000};  ///< simulation only: mean pause between the machine's own small doings
    nanoseconds housekeeping_work{100'000};      ///< simulation only: CPU time of one
    nanoseconds housekeeping_before_tick{50'000};  ///< simulation only: one begins so long before a tick of its CPU
    nanoseconds file_write{20'000};                ///< simulation only: CPU time of open, one page written, close
    nanoseconds copy_mib{100'000};                 ///< simulation only: CPU time of writing a MiB into the page cache
    nanoseconds drain_call{0};  ///< simulation only: the instructions of cgroup_writeback_umount() itself
    bool shared_clock{};        ///< simulation only: virtual time counts the instructions of all CPUs together

    /// The length of a tick.
    nanoseconds tick() const noexcept { return nanoseconds{1'000'000'000 / hz}; }
};

}  // namespace drainlab::kernel
