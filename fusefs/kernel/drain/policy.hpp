// A drain policy: how switches are kept apart from the end of their superblock. Two faces:
// what the switcher does from prepare to queue and after, and what umount waits for. One
// small file per policy, reading like the patch it stands for; one row in registry.cpp.
#pragma once
#include "fusefs/kernel/isw.hpp"
#include "fusefs/kernel/super.hpp"

#include <string_view>
#include <vector>

namespace drainlab::kernel {

/// How a switch reaches its worker. per_isw: call_rcu(), then a work item of its
/// own (4.2 - 5.13). rcu_work: queue_rcu_work() (5.14 - 6.17). per_wb: a list
/// and a work item per target wb, the grace period inside the worker (6.18 on).
enum class switch_era : std::uint8_t { per_isw, rcu_work, per_wb };

/// Stateless: one instance for all superblocks; what must be remembered is in the isw, the superblock and the host.
class drain_policy {
  public:
    virtual ~drain_policy() = default;
    virtual std::string_view id() const = 0;
    /// What umount waits for, in a few words, and the kernel versions it stands for.
    virtual std::string_view summary() const = 0;
    virtual std::string_view versions() const = 0;
    virtual switch_era era() const { return switch_era::per_wb; }
    /// Whether umount of one superblock waits for the switches of others.
    virtual bool global() const { return true; }
    /// Whether dying cgroups' inodes are cleaned up at all: since v5.14.
    virtual bool offline_cleanup() const { return true; }

    // ---- the switcher, in this order ------------------------------------------------------------------------------
    /// The switch exists; nothing is prepared. Default:
    /// isw_nr_in_flight++ (since v5.14 before the superblock is tested).
    virtual void begin_switch(isw& s) const;
    /// Nothing that sleeps follows until end_switch().
    virtual void window_opens(isw&) const {}
    /// inode_prepare_wbs_switch(). Default: smp_mb(), then the locked half.
    virtual task<bool> prepare(isw& s, inode& i, const bdi_writeback& new_wb) const;
    /// Prepared; about to be queued.
    virtual void before_queue(isw&) const {}
    /// Hands the switch to its era's machinery. It may be done, and `s` gone, as soon as the caller awaits.
    virtual void queue(isw& s) const;
    /// Closes what window_opens() opened; also on failure.
    virtual void window_closes(isw&) const {}
    /// Whether after_queue() is where the switch is counted (v5.2 - 5.13).
    virtual bool counts_after_queue() const { return false; }
    /// Queued. `h` because the switch may be gone.
    virtual void after_queue(host&) const {}
    /// Nothing could be prepared: takes begin_switch() back.
    virtual void abandon(isw& s) const;

    /// Whether a switch keeps its new wb from being released until it is done.
    virtual bool holds_new_wb() const { return true; }

    // ---- the worker -----------------------------------------------------------------------------------------------
    /// The inode has been switched, or not; its reference goes. Default: iput().
    virtual task<> put_inode(isw& s, inode& i) const;
    /// All inodes are put. Default: isw_nr_in_flight--.
    virtual void end_of_switch(isw& s) const;

    // ---- umount ---------------------------------------------------------------------------------------------------
    /// cgroup_writeback_umount(), after the capability gate: SB_ACTIVE is clear, s_umount held for write.
    virtual task<> drain(super_block& sb) const = 0;
};

/// What a file drain/own/NAME.cpp adds with its `void declare_NAME(own_policies&)`: docs/write-your-own-policy.md.
struct own_policies {
    std::vector<const drain_policy*> policies, mutants;
};
/// All that these files have added.
const own_policies& added_policies();

/// Oldest kernel to newest, then those of drain/own; mutants excluded.
const std::vector<const drain_policy*>& drain_policies();
/// By id, mutants ("persb~pin_after_iget") included; null if unknown.
const drain_policy* find_drain_policy(std::string_view id);
/// Their ids, for messages and completion.
std::vector<std::string_view> policy_ids();

// Waits of a drain that are entered into the superblock's and the host's statistics.
task<> drain_synchronize_rcu(super_block& sb);
/// rcu_barrier(): callbacks queued before it have run.
task<> drain_rcu_barrier(super_block& sb);
/// flush_workqueue(isw_wq): works queued before it have ended.
task<> drain_flush_isw_wq(super_block& sb);

}  // namespace drainlab::kernel
