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
    "legitimize_counted"};                                       ///< counted, the sequence not yet checked again
inline constexpr sched::point mntput_seen{"mntput_seen"};        ///< mnt_ns was seen, the count not yet lowered
inline constexpr sched::point mnt_counts{"mnt_counts"};          ///< between the counts of two CPUs
inline constexpr sched::point umount_decided{"umount_decided"};  ///< counted and not busy, the names not yet gone
inline constexpr sched::point mnt_unhashed{"mnt_unhashed"};      ///< umount: names gone, references not dropped
inline constexpr sched::point walker_counted{"walker_counted"};  ///< completion: entered, not yet checked
inline constexpr sched::point file_in_use{"file_in_use"};        ///< a user has a file open and does something else
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
    /// A walk is about to look into `m`. False: the tree changed since `seq` was sampled, start again. leave() follows anyway.
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
    /// mnt_get_count(). Default: all puts, smp_mb(), then all gets.
    virtual task<std::int64_t> count(mount& m) const;

    // ---- what a mutant leaves out ---------------------------------------------------------------------------------
    virtual bool barrier_in_legitimize() const { return true; }
    virtual bool recheck_in_legitimize() const { return true; }
    virtual bool honours_sync_flag() const { return true; }
    virtual bool barrier_in_umount() const { return true; }
};

/// In order of appearance, mutants excluded.
const std::vector<const namespace_policy*>& namespace_policies();
/// The known-bad ones: "expedited~no_gp", ...
const std::vector<const namespace_policy*>& namespace_mutants();
/// By id, mutants included; null if unknown.
const namespace_policy* find_namespace_policy(std::string_view id);

/// Drops the namespaces' references of the batch.
task<> put_unmounted(unmount_batch& batch);

}  // namespace drainlab::kernel
