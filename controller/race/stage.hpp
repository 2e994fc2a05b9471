// The namespace half of a world: its mounts, files and system calls.
#pragma once
#include "controller/race/world_spec.hpp"
#include "fusefs/kernel/namespace/umount.hpp"
#include "fusefs/kernel/namespace/walk.hpp"

#include <memory>

namespace drainlab::race {

/// The mounts of one run and the tasks that use them. Thread: the run's.
class stage {
  public:
    /// All arguments must outlive it. `supers` are the world's superblocks; `root` is that of the namespaces' roots.
    stage(const world_spec& spec, kernel::host& h, const kernel::namespace_policy& policy,
          const std::vector<std::shared_ptr<kernel::super_block>>& supers, std::shared_ptr<kernel::super_block> root);
    stage(const stage&) = delete;
    stage& operator=(const stage&) = delete;

    /// Mounts what is mounted when the run begins, opens what is open. For a fiber that runs alone.
    sched::task<> set();
    /// What a task of the world does.
    sched::task<> act(const task_spec& t);
    std::string name_of(const task_spec& t) const;
    /// Notes which windows an event shows.
    void watch(const kernel::trace_event& e, by_window<bool>& reached);
    /// Returns when deferred ends of mounts are over.
    sched::task<> settle();
    /// At most one is under way: nothing it could race with.
    bool quiet() const;

    kernel::mount_table& table() noexcept { return table_; }
    const kernel::mount_table& table() const noexcept { return table_; }

  private:
    sched::task<> detach(const mount_spec& m);
    sched::task<> umount2(const task_spec& t);
    sched::task<> walk(const task_spec& t);
    sched::task<> walk_pwd(const task_spec& t);
    sched::task<> dup_close(kernel::path file);
    sched::task<> mount(const task_spec& t);
    void put_by_delayed_work(kernel::path file);
    void watch_mount(const kernel::trace_event& e, by_window<bool>& reached);
    bool by_umount() const;

    const world_spec& spec_;
    kernel::mount_table table_;
    const std::vector<std::shared_ptr<kernel::super_block>>& supers_;
    std::vector<kernel::mnt_namespace*> namespaces_;
    std::vector<kernel::path> files_;
    std::vector<kernel::fs_struct> pwds_;  // by file
    kernel::delayed_work late_put_;
    struct seen {
        int walkers{};    // RCU walks inside
        int listed{};     // puts that saw it in its namespace
        int counting{};   // who adds up its counts
        bool unhashed{};  // its name is gone
    };
    std::vector<seen> seen_;                 // by mount
    std::vector<std::vector<int>> walking_;  // by fiber id: the mounts that its walk is in
    std::vector<int> putting_;               // by fiber id: 1 + the mount that its put saw listed
};

}  // namespace drainlab::race
