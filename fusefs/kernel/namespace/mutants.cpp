// Policies broken on purpose: each leaves out one step that the others have, or repeats a mistake of the list's
// history. Whoever explores schedules must catch every one.
#include "fusefs/kernel/namespace/policies.hpp"

namespace drainlab::kernel {

namespace {

/// No grace period at all: a put that saw the mount in its namespace comes after the unmounter's, and nobody frees it.
struct expedited_no_gp : expedited_policy {
    std::string_view id() const override { return "expedited~no_gp"; }
    task<> finish(unmount_batch& batch) const override { co_await put_unmounted(batch); }
};

/// A walk does not look at the sequence again after it counted itself.
struct expedited_no_recheck : expedited_policy {
    std::string_view id() const override { return "expedited~no_recheck"; }
    bool recheck_in_legitimize() const override { return false; }
};

/// A failed walk drops its count with mntput() although the umount is synchronous.
struct expedited_no_sync_flag : expedited_policy {
    std::string_view id() const override { return "expedited~no_sync_flag"; }
    bool honours_sync_flag() const override { return false; }
};

/// The sum without the barrier between the two passes.
task<std::int64_t> count_without_mb(mount& m) {
    std::int64_t sum = 0;
    for (const auto& c : m.puts) sum -= c.load();
    for (const auto& c : m.gets) {
        co_await m.table.h.sched.preempt(point::mnt_counts);
        sum += c.load();
    }
    co_await m.table.h.sched.preempt(point::mnt_counts);
    co_return sum;
}

/// One barrier of the pair is missing: needs store buffers to be seen.
struct expedited_no_walk_mb : expedited_policy {
    std::string_view id() const override { return "expedited~no_walk_mb"; }
    bool barrier_in_legitimize() const override { return false; }
};
struct expedited_no_umount_mb : expedited_policy {
    std::string_view id() const override { return "expedited~no_umount_mb"; }
    bool barrier_in_umount() const override { return false; }
    task<std::int64_t> count(mount& m) const override { return count_without_mb(m); }
};

/// The slow path of mntput() adds up without a barrier behind its mount_lock: a walk that has not seen the lock is not
/// seen either.
struct expedited_no_put_mb : expedited_policy {
    std::string_view id() const override { return "expedited~no_put_mb"; }
    bool barrier_in_put() const override { return false; }
};

/// One counter per CPU: what kernels before the split did.
struct expedited_single_counter : expedited_policy {
    std::string_view id() const override { return "expedited~single_counter"; }
    task<std::int64_t> count(mount& m) const override { return torn_count(m); }
};

/// A copy at a peer is unmounted without a look at who uses it.
struct expedited_blind_to_copies : expedited_policy {
    std::string_view id() const override { return "expedited~blind_to_copies"; }
    bool counts_propagated_copies() const override { return false; }
};

/// The first version (January 2023): every umount is deferred.
struct deferred_every_umount : deferred_policy {
    std::string_view id() const override { return "deferred~every_umount"; }
    task<> finish(unmount_batch& batch) const override {
        put_in_worker(batch, true);
        co_return;
    }
};

/// The second (April 2024): the work is done in the RCU callback, which must not sleep.
task<> put_in_callback(mount_table& t, std::vector<mount*> mounts) {
    sched::fiber* const self = t.h.sched.current();
    t.atomic_context.insert(self);
    for (mount* m : mounts) {
        mnt_dec(*m);
        if (mnt_count_now(*m) > 0) continue;
        doom(*m);
        co_await cleanup_mnt(*m);
    }
    t.atomic_context.erase(self);
}
struct deferred_in_callback : deferred_policy {
    std::string_view id() const override { return "deferred~in_callback"; }
    task<> finish(unmount_batch& batch) const override {
        if (!batch.lazy) {
            co_await deferred_policy::finish(batch);
            co_return;
        }
        mount_table& t = batch.table;
        t.h.rcu.call([&t, mounts = batch.unmounted] { t.h.sched.spawn("rcu callback", put_in_callback(t, mounts)); });
        co_return;
    }
};

/// The third (June 2024): a worker, but no grace period before the puts.
struct deferred_no_gp : deferred_policy {
    std::string_view id() const override { return "deferred~no_gp"; }
    task<> finish(unmount_batch& batch) const override {
        if (batch.lazy)
            put_in_worker(batch, false);
        else
            co_await deferred_policy::finish(batch);
    }
};

/// No grace period for mounts that somebody holds.
struct on_demand_no_gp : on_demand_policy {
    std::string_view id() const override { return "on_demand~no_gp"; }
    task<> finish(unmount_batch& batch) const override { co_await put_unmounted(batch); }
};

/// Lazy: a count of two is taken for nobody.
struct on_demand_two_is_free : on_demand_policy {
    std::string_view id() const override { return "on_demand~two_is_free"; }
    bool sole_reference(const unmount_batch& batch, std::int64_t count) const override {
        return count == 1 || (batch.lazy && count == 2);
    }
};

/// The same for the batch that umount adds up. With split counts the barrier between the two passes does its work.
struct on_demand_no_mb : on_demand_policy {
    std::string_view id() const override { return "on_demand~no_mb"; }
    bool barrier_before_batch() const override { return false; }
};
struct on_demand_no_mb_at_all : on_demand_no_mb {
    std::string_view id() const override { return "on_demand~no_mb_at_all"; }
    task<std::int64_t> count(mount& m) const override { return count_without_mb(m); }
};

struct on_demand_torn_count : on_demand_policy {
    std::string_view id() const override { return "on_demand~torn_count"; }
    task<std::int64_t> count(mount& m) const override { return torn_count(m); }
};

/// The sum reads what was taken before what was dropped.
struct on_demand_gets_first : on_demand_policy {
    std::string_view id() const override { return "on_demand~gets_first"; }
    task<std::int64_t> count(mount& m) const override {
        std::int64_t sum = 0;
        for (const auto& c : m.gets) sum += c.load();
        co_await sched::smp_mb(m.table.h.sched);
        for (const auto& c : m.puts) {
            sum -= c.load();
            co_await m.table.h.sched.preempt(point::mnt_counts);
        }
        co_return sum;
    }
};

/// Walks are not counted, only puts: a walk that counted itself late drops its reference silently, and nobody frees the
/// mount.
struct completion_puts_only : completion_policy {
    std::string_view id() const override { return "completion~puts_only"; }
    task<bool> enter(mount&, std::int64_t) const override { co_return true; }
    void leave(mount&) const override {}
};

/// Puts are not counted, only walks.
struct completion_walks_only : completion_policy {
    std::string_view id() const override { return "completion~walks_only"; }
    void leave(mount& m) const override { completion_policy::put_ends(m); }
    void put_begins(mount&) const override {}
    void put_ends(mount&) const override {}
};

/// The last walk forgets to wake the unmounter.
struct completion_no_wake : completion_policy {
    std::string_view id() const override { return "completion~no_wake"; }
    void leave(mount& m) const override { m.walkers.add(-1); }
    void put_ends(mount& m) const override { m.walkers.add(-1); }
};

}  // namespace

const std::vector<const namespace_policy*>& namespace_mutants() {
    static const expedited_no_gp no_gp;
    static const expedited_no_recheck no_recheck;
    static const expedited_no_sync_flag no_sync_flag;
    static const expedited_no_walk_mb no_walk_mb;
    static const expedited_no_umount_mb no_umount_mb;
    static const deferred_every_umount every_umount;
    static const deferred_in_callback in_callback;
    static const deferred_no_gp worker_no_gp;
    static const on_demand_no_gp demand_no_gp;
    static const on_demand_two_is_free two_is_free;
    static const on_demand_torn_count torn_count;
    static const on_demand_gets_first gets_first;
    static const completion_puts_only puts_only;
    static const completion_walks_only walks_only;
    static const completion_no_wake no_wake;
    static const expedited_no_put_mb no_put_mb;
    static const on_demand_no_mb no_mb;
    static const on_demand_no_mb_at_all no_mb_at_all;
    static const expedited_single_counter single_counter;
    static const expedited_blind_to_copies blind_to_copies;
    static const std::vector<const namespace_policy*> all = [] {
        std::vector<const namespace_policy*> list{
            &no_gp,        &no_recheck,  &no_sync_flag, &no_walk_mb,   &no_umount_mb, &single_counter, &blind_to_copies,
            &every_umount, &in_callback, &worker_no_gp, &demand_no_gp, &two_is_free,  &torn_count,     &gets_first,
            &no_put_mb,    &no_mb,       &no_mb_at_all, &puts_only,    &walks_only,   &no_wake};
        list.insert(list.end(), added_namespace_policies().mutants.begin(), added_namespace_policies().mutants.end());
        return list;
    }();
    return all;
}

}  // namespace drainlab::kernel
