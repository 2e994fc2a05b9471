// A namespace policy: how an unmount makes sure that walks and puts without a lock are over before it drops the mount's
// references. One small file each; one row in registry.cpp.
#pragma once
#include "fusefs/kernel/namespace/mount_table.hpp"

namespace drainlab::kernel {

/// Named preemption points of the namespace: where the real kernel may be preempted and it matters.
namespace point {
inline constexpr sched::point walk_step{"walk_step"};                    ///< an RCU walk entered a mount
inline constexpr sched::point legitimize_checked{"legitimize_checked"};  ///< the sequence is unchanged, not counted yet
inline constexpr sched::point legitimize_counted{
    "legitimize_counted"};                                         ///< counted, the sequence not yet checked again
inline constexpr sched::point mntput_seen{"mntput_seen"};          ///< mnt_ns was seen, the count not yet lowered
inline constexpr sched::point mnt_counts{"mnt_counts"};            ///< between the counts of two CPUs
inline constexpr sched::point umount_decided{"umount_decided"};    ///< counted and not busy, the names not yet gone
inline constexpr sched::point mnt_unhashed{"mnt_unhashed"};        ///< umount: names gone, references not dropped
inline constexpr sched::point walker_counted{"walker_counted"};    ///< completion: entered, not yet checked
inline constexpr sched::point mount_looked_up{"mount_looked_up"};  ///< mount(2) has its mount point, not yet the locks
inline constexpr sched::point file_in_use{"file_in_use"};          ///< a user has a file open and does something else
}  // namespace point

/// The mounts that one umount took away, between umount_tree() and the end of namespace_unlock().
struct unmount_batch {
    mount_table& table;
    std::vector<mount*> unmounted;  ///< each with the reference its namespace held
    std::vector<mount*> doomed;     ///< found unreferenced: only cleanup is left
    mount* own{};                   ///< the caller's own reference; a policy that drops it sets null
    bool lazy{};
    int held_before{};  ///< holders of all of them when the names went
};

/// Stateless.
class namespace_policy {
  public:
    virtual ~namespace_policy() = default;
    virtual std::string_view id() const = 0;
    virtual std::string_view summary() const = 0;
    virtual std::string_view versions() const = 0;
    /// False: `umount -l` does not promise that the superblock is dead on return when nobody holds it.
    virtual bool lazy_is_synchronous() const { return true; }

    // ---- walks, within an RCU read section ------------------------------------------------------------------------
    /// A walk is about to look into `m`. False: the tree changed
    /// since `seq` was sampled, start again. leave() follows anyway.
    virtual task<bool> enter(mount& m, std::int64_t seq) const;
    virtual void leave(mount&) const {}
    /// Around the part of mntput() that has no lock.
    virtual void put_begins(mount&) const {}
    virtual void put_ends(mount&) const {}

    // ---- umount ---------------------------------------------------------------------------------------------------
    /// namespace_sem is held for write, the names are gone.
    virtual task<> in_write_section(unmount_batch&) const;
    /// namespace_unlock(), after namespace_sem: makes sure of walks, drops the references in `batch.unmounted`.
    virtual task<> finish(unmount_batch& batch) const = 0;
    /// mnt_get_count(). Default: all puts, smp_mb(), then all gets; with one counter per CPU, one after the other.
    virtual task<std::int64_t> count(mount& m) const;

    // ---- what a mutant leaves out ---------------------------------------------------------------------------------
    virtual bool barrier_in_legitimize() const { return true; }
    virtual bool recheck_in_legitimize() const { return true; }
    virtual bool honours_sync_flag() const { return true; }
    virtual bool barrier_in_umount() const { return true; }
    virtual bool barrier_in_put() const { return true; }
    virtual bool barrier_before_batch() const {
        return true;
    }  ///< on_demand: before it adds up the counts of its batch
    virtual bool counts_propagated_copies() const { return true; }
};

/// What a file namespace/own/NAME.cpp adds with its `void declare_NAME(own_namespace_policies&)`:
/// docs/write-your-own-policy.md.
struct own_namespace_policies {
    std::vector<const namespace_policy*> policies, mutants;
};
/// All that these files have added.
const own_namespace_policies& added_namespace_policies();

/// In order of appearance, then those of namespace/own; mutants excluded.
const std::vector<const namespace_policy*>& namespace_policies();
/// The known-bad ones: "expedited~no_gp", ...
const std::vector<const namespace_policy*>& namespace_mutants();
/// By id, mutants included; null if unknown.
const namespace_policy* find_namespace_policy(std::string_view id);

/// One counter per CPU, added up while others move: a get on a CPU already read, and its put on one still to be read.
task<std::int64_t> torn_count(mount& m);
/// Drops the namespaces' references of the batch.
task<> put_unmounted(unmount_batch& batch);
/// A grace period that the batch's unmounter waits for, counted and traced.
task<> wait_for_grace_period(unmount_batch& batch, bool expedited);

}  // namespace drainlab::kernel
