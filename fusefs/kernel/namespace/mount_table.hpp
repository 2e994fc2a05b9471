// What is global in fs/namespace.c: namespace_sem, mount_lock, the delayed puts; and the syscalls' way in.
#pragma once
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/namespace/mount.hpp"

#include <list>
#include <map>
#include <set>

namespace drainlab::kernel {

/// mount_lock: a spinlock with a sequence that is odd while it is held. Walks only read the sequence.
class mount_seqlock {
  public:
    explicit mount_seqlock(sched::scheduler& s) : lock_{s, "mount_lock"}, seq_{s} {}

    class [[nodiscard]] guard {
      public:
        guard(mount_seqlock& of, sched::spinlock::guard held) : of_{&of}, held_{std::move(held)} {}
        guard(guard&& o) noexcept : of_{std::exchange(o.of_, nullptr)}, held_{std::move(o.held_)} {}
        guard& operator=(guard&&) = delete;
        ~guard() { unlock(); }
        /// unlock_mount_hash(): the next holder sees everything written so far.
        void unlock();

      private:
        mount_seqlock* of_;
        sched::spinlock::guard held_;
    };
    /// lock_mount_hash()
    task<guard> lock();
    /// read_seqbegin(): an even number; a walk that meets a writer waits for it.
    task<std::int64_t> read_begin();
    /// read_seqretry()
    bool changed_since(std::int64_t seq) const { return seq_.load() != seq; }

  private:
    sched::spinlock lock_;
    sched::shared seq_;
};

/// What happened so far. Monotonic.
struct mount_stats {
    std::uint64_t walks{};                                       ///< path_lookup() calls
    std::uint64_t unlazy_failed{};                               ///< RCU walks that had to start again with references
    std::uint64_t mounts_crossed{};                              ///< mounts entered by RCU walks
    std::uint64_t walk_writes{};                                 ///< writes to memory shared between CPUs, by RCU walks
    std::uint64_t umounts{}, grace_periods{}, without_gp{};      ///< of mounts
    std::uint64_t put_task_work{}, put_delayed{}, put_direct{};  ///< the three endings of the last mntput()
};

/// All mounts of the modelled machine. Make one per host. The scheduler drops its fibers before it goes.
struct mount_table {
    /// `cpus`: how many CPUs count; fibers that the explorer gives store buffers need a CPU each.
    mount_table(host& on, const namespace_policy& under, int cpus = 0);
    mount_table(const mount_table&) = delete;
    mount_table& operator=(const mount_table&) = delete;

    host& h;
    const namespace_policy* policy;
    bool split_counts{true};  ///< gets and puts are counted apart; false: one counter per CPU, as in older kernels
    const int cpus;
    sched::rwsem namespace_sem;
    mount_seqlock mount_lock;
    std::list<std::unique_ptr<mount>> mounts;
    std::list<mnt_namespace> namespaces;
    std::vector<mount*> delayed_mntput_list;
    delayed_work delayed_mntput_work;
    std::list<work_struct> deferred_works;                    ///< policy `deferred`
    std::map<sched::fiber*, std::vector<mount*>> task_works;  ///< key: fibers that are user tasks now
    std::set<const sched::fiber*> atomic_context;             ///< fibers that stand for softirqs: must not sleep
    std::function<void(super_block&)> umount_begin;           ///< s_op->umount_begin() of MNT_FORCE

    mount_stats stats;
    /// What is allowed but surprises: a superblock that outlives a lazy umount though nobody held it.
    std::vector<std::string> observations;

    int last_peer_group{};

    void observed(std::string what);
    /// A tracepoint about a mount: its superblock, `mnt` (its id), and one more number.
    void trace(std::string_view what, const mount& m, std::string_view key = {}, std::int64_t value = 0) const;
    int this_cpu() const;
};

// ---- counts ---------------------------------------------------------------------------------------------------------
/// mnt_add_count(): on this CPU; reports a freed mount.
void mnt_inc(mount& m);
/// mnt_add_count(-1): on this CPU, which may not be the one that counted it up.
void mnt_dec(mount& m);
/// mnt_get_count(): the policy's way of summing. Others go on meanwhile: exact only if nobody can.
task<std::int64_t> mnt_get_count(mount& m);
/// What memory holds, for checks.
std::int64_t mnt_count_now(const mount& m) noexcept;

// ---- references -----------------------------------------------------------------------------------------------------
/// mntget()
void mntget(mount& m);
/// mntput(): clears the expiry mark, then mntput_no_expire().
task<> mntput(mount& m);
/// mntput_no_expire(): while the mount is in a namespace the put cannot be the last.
/// Otherwise under mount_lock; the last one ends in one of three ways: task work of the user
/// task that puts, the delayed work if a kernel thread puts, or at once (MNT_INTERNAL).
task<> mntput_no_expire(mount& m);
/// The mount has no reference any more and mount_lock is held: MNT_DOOMED, children unhooked.
void doom(mount& m);
/// What follows doom() once the lock is gone: one of the three endings.
task<> finish_doomed(mount& m);
/// cleanup_mnt(): puts stuck children, deactivate_super(), frees the mount after a grace period.
task<> cleanup_mnt(mount& m);

// ---- user tasks -----------------------------------------------------------------------------------------------------
/// While it lives, the running fiber is a user task: final puts become its task work.
class user_task {
  public:
    explicit user_task(mount_table& t);
    user_task(const user_task&) = delete;
    user_task& operator=(const user_task&) = delete;
    ~user_task();
    /// task_work_run(): what the kernel does on the way back to user mode.
    task<> task_work_run();

  private:
    mount_table& table_;
    sched::fiber* self_;
    bool outer_;
};

/// Runs `body` as a system call of the running fiber: its task work is done when this returns.
template <class T>
task<T> as_syscall(mount_table& t, task<T> body) {
    user_task self{t};
    T result = co_await body;
    co_await self.task_work_run();
    co_return result;
}

/// Returns when deferred and delayed puts, and the callbacks behind them, are over.
task<> settle_mounts(mount_table& t);
/// At the end of a world: every mount that left its namespace and is held by nobody must be cleaned up.
void check_leaked_mounts(mount_table& t);

}  // namespace drainlab::kernel
