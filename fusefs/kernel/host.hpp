// One modelled machine: everything that is global in the kernel.
#pragma once
#include "fusefs/kernel/backing_dev.hpp"
#include "fusefs/kernel/machine.hpp"
#include "fusefs/kernel/profile.hpp"
#include "fusefs/kernel/rcu.hpp"
#include "fusefs/kernel/super.hpp"
#include "fusefs/kernel/workqueue.hpp"
#include "fusefs/sched/shared.hpp"

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace drainlab::kernel {

/// A broken invariant. Never undefined behaviour: the model notices, says so, and goes on.
struct violation {
    std::string
        invariant;        ///< busy_inodes, use_after_free, queued_after_drain, counter_not_zero, dirty_after_death, ...
    std::string message;  ///< in the kernel's own words where it has them
    std::string producer;  ///< who asked for the switch behind it, or ""
    std::string mount;     ///< s_id, or ""
    std::string policy;    ///< the drain policy of that superblock, or ""
    instant when;
};

/// A tracepoint: a static name, the superblock it is about (or ""), and up to two numbers with static keys.
struct trace_event {
    std::string_view name;
    std::string_view sb;
    std::string_view key1;
    std::int64_t value1{};
    std::string_view key2;
    std::int64_t value2{};
};

/// One machine: clocks, CPUs, RCU, workqueues, and what every superblock shares. Thread: the model's.
struct host {
    /// All references must outlive the host; destroy the scheduler's fibers (or the scheduler) first.
    host(sched::scheduler& s, machine& m, kernel::rcu& r, const profile& p);
    /// Frees what exists in the middle of something: switches in flight, and inodes that nobody has evicted.
    ~host();
    host(const host&) = delete;
    host& operator=(const host&) = delete;

    sched::scheduler& sched;
    machine& cpus;
    kernel::rcu& rcu;
    profile prof;

    workqueue isw_wq;  ///< "inode_switch_wbs"
    workqueue bdi_wq;  ///< "writeback"
    workqueue cgwb_release_wq;
    workqueue cgroup_destroy_wq;
    workqueue system_wq;

    sched::shared isw_nr_in_flight;  ///< switches in the whole system: the throttle, and the global policies' test
    std::list<isw> isws;             ///< all that exist
    switch_stats switches;
    drain_stats drain;
    std::vector<std::int64_t>
        switch_ns;  ///< prepared to done, one per switch, at most rcu_samples::limit; taken by its reader
    std::uint64_t writeback_rounds{};

    memcg_ptr root_memcg;
    std::unordered_map<memcg_id, std::weak_ptr<memcg>> memcgs;
    memcg_id last_memcg_id{};
    std::list<std::shared_ptr<backing_dev_info>> bdis;
    std::unordered_map<bdi_writeback*, std::unique_ptr<bdi_writeback>> cgwbs;  ///< all but root wbs
    std::vector<std::unique_ptr<bdi_writeback>> freed_cgwbs;
    bool keep_freed{};  ///< a freed wb stays in memory, and who touches it is told: for the explorer
    std::list<bdi_writeback*> offline_cgwbs;
    work_struct cleanup_offline_cgwbs_work;
    std::list<memcg_ptr> dying_memcgs;  ///< their grace period is over, their offline callback is due
    work_struct cgroup_destroy_work;
    std::list<std::unique_ptr<work_struct>> one_shot_works;
    std::uint64_t last_wb_seq{};
    std::vector<std::weak_ptr<super_block>> supers;
    bool flusher_enabled{true};  ///< periodic writeback; the explorer's worlds turn it off
    nanoseconds drain_call{
        0};  ///< what cgroup_writeback_umount() itself takes; the simulator sets it, in real mode it passes
    bool sync_at_umount{true};   ///< generic_shutdown_super() syncs; likewise
    bool honour_s_umount{true};  ///< the flusher takes s_umount; the explorer's control runs turn it off

    /// Everything violated so far; `on_violation` hears of each at once.
    std::vector<violation> violations;
    std::function<void(const violation&)> on_violation;
    std::function<void(const trace_event&)> on_trace;

    /// A work item used once; freed some time after it has run.
    work_struct& one_shot_work(std::string name, std::function<task<>()> func);
    /// Frees those that have run.
    void reap_works();
    void violated(std::string invariant, std::string message, std::string_view by = {},
                  const super_block* sb = nullptr);
    void trace(std::string_view name, const super_block* sb, std::string_view key1 = {}, std::int64_t v1 = 0,
               std::string_view key2 = {}, std::int64_t v2 = 0) const;
};

}  // namespace drainlab::kernel
