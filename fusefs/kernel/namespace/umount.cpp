#include "fusefs/kernel/namespace/umount.hpp"

#include "fusefs/kernel/namespace/policy.hpp"
#include "fusefs/kernel/namespace/propagate.hpp"
#include "fusefs/kernel/namespace/walk.hpp"

#include <algorithm>
#include <cerrno>
#include <set>

namespace drainlab::kernel {

namespace {

constexpr unsigned umount_sync = 1;  // UMOUNT_SYNC

int can_umount(const path& at, const mnt_namespace& ns, unsigned flags, const umount_caller& caller) {
    if (!caller.cap_sys_admin) return -EPERM;
    if (!at.dentry.empty()) return -EINVAL;  // not the root of a mount
    if (at.mnt->ns != &ns) return -EINVAL;
    if (at.mnt->flags & MNT_LOCKED) return -EINVAL;
    if ((flags & MNT_FORCE) && !caller.cap_sys_admin_sb) return -EPERM;
    return 0;
}

/// MNT_EXPIRE: marks an idle mount; -EAGAIN the first time, 0 if it was still marked.
task<int> expire(mount& m, const mnt_namespace& ns, unsigned flags) {
    if (ns.root == &m || (flags & (MNT_FORCE | MNT_DETACH))) co_return -EINVAL;
    {
        const auto held = co_await m.table.mount_lock.lock();
        const std::int64_t count = co_await mnt_get_count(m);
        if (!m.mnt_mounts.empty() || count != 2) co_return -EBUSY;
    }
    const bool was_marked = m.expiry_mark.load() != 0;
    m.expiry_mark.store(1);
    co_return was_marked ? 0 : -EAGAIN;
}

/// disconnect_mount(): a locked mount stays with its dead parent, unless the umount is synchronous.
bool disconnect_mount(const mount& m, unsigned how) {
    return (how & umount_sync) || !m.mnt_parent || !(m.mnt_parent->flags & MNT_UMOUNT) || !(m.flags & MNT_LOCKED);
}

void collect(mount& m, std::vector<mount*>& into) {
    into.push_back(&m);
    for (mount* child : m.mnt_mounts) collect(*child, into);
}

/// umount_tree(): takes `top` and everything below out of the namespace. mount_lock and namespace_sem are held.
void umount_tree(mount& top, unsigned how, unmount_batch& batch) {
    std::vector<mount*> all;
    collect(top, all);
    propagate_umount(all);
    for (mount* m : all) m->flags |= MNT_UMOUNT;
    for (mount* m : all) {
        batch.held_before += m->holders;
        if (m->ns) --m->ns->nr_mounts;
        if (m->ns && m->ns->root == m) m->ns->root = nullptr;
        m->ns = nullptr;
        m->mnt_ns.store(0);
        m->table.trace("mnt_unhashed", *m);
        if (how & umount_sync) m->flags |= MNT_SYNC_UMOUNT;
        const bool disconnect = disconnect_mount(*m, how);
        if (m->mnt_parent) mnt_dec(*m->mnt_parent);
        if (!disconnect) continue;
        if (m->mnt_parent) std::erase(m->mnt_parent->mnt_mounts, m);
        m->mnt_parent = nullptr;
        m->hashed = false;
        batch.unmounted.push_back(m);
    }
}

/// do_refcount_check()
task<bool> count_exceeds(mount& m, std::int64_t limit) {
    m.table.trace("umount_counts", m, "begins", 1);
    const std::int64_t count = co_await mnt_get_count(m);
    m.table.trace("umount_counts", m, "begins", -1);
    co_return count > limit;
}

/// propagate_mount_busy(m, 2): a copy at a peer that nothing is mounted on goes with it, and must not be in use either.
task<bool> mount_busy(mount& m) {
    bool busy = !m.mnt_mounts.empty();
    if (!busy) busy = co_await count_exceeds(m, 2);
    if (busy) m.table.trace("umount_busy", m, "copy", 0);
    if (busy || !m.table.policy->counts_propagated_copies()) co_return busy;
    for (mount* copy : copies_at_peers(m)) {
        if (!copy->mnt_mounts.empty()) continue;
        const bool used = co_await count_exceeds(*copy, 1);
        if (used) m.table.trace("umount_busy", *copy, "copy", 1);
        if (used) co_return true;
    }
    co_return false;
}

/// namespace_unlock()
task<> namespace_unlock(unmount_batch& batch, sched::rwsem::guard sem) {
    if (batch.unmounted.empty()) co_return;
    mount_table& t = batch.table;
    t.stats.umounts += batch.unmounted.size();
    co_await t.policy->in_write_section(batch);
    sem.release();
    co_await t.h.sched.preempt(point::mnt_unhashed);
    co_await t.policy->finish(batch);
    for (mount* m : batch.doomed) co_await finish_doomed(*m);
}

/// The locked half of do_umount().
task<int> do_umount_tree(mount& m, const mnt_namespace& ns, unsigned flags, unmount_batch& batch) {
    mount_table& t = m.table;
    auto sem = co_await t.namespace_sem.down_write();
    {
        const auto held = co_await t.mount_lock.lock();
        if (m.ns != &ns || (m.flags & MNT_LOCKED)) co_return -EINVAL;
        if (!batch.lazy) {
            if (t.policy->barrier_in_umount()) co_await sched::smp_mb(t.h.sched);  // pairs with legitimize_mnt()
            const bool busy = co_await mount_busy(m);
            if (busy) co_return -EBUSY;
            co_await t.h.sched.preempt(point::umount_decided);
        }
        umount_tree(m, (flags & MNT_DETACH) ? 0 : umount_sync, batch);
    }
    co_await namespace_unlock(batch, std::move(sem));
    co_return 0;
}

task<int> do_umount(mount& m, const mnt_namespace& ns, unsigned flags, unmount_batch& batch) {
    mount_table& t = m.table;
    if (flags & MNT_EXPIRE) {
        const int marked = co_await expire(m, ns, flags);
        if (marked != 0) co_return marked;
    }
    if ((flags & MNT_FORCE) && t.umount_begin) t.umount_begin(*m.mnt_sb);
    if (ns.root == &m && !(flags & MNT_DETACH)) co_return 0;  // do_umount_root(): only remounts read-only
    co_return co_await do_umount_tree(m, ns, flags, batch);
}

/// The superblocks that have no mount outside of the batch: they should die with it. A mount that somebody else is
/// taking down at the moment is one outside.
std::set<super_block*> should_die(const unmount_batch& batch) {
    std::set<const mount*> ours{batch.unmounted.begin(), batch.unmounted.end()};
    ours.insert(batch.doomed.begin(), batch.doomed.end());
    std::set<super_block*> sbs;
    for (const mount* m : ours) sbs.insert(m->mnt_sb.get());
    for (const auto& m : batch.table.mounts)
        if (!m->cleaned && !ours.contains(m.get())) sbs.erase(m->mnt_sb.get());
    return sbs;
}

/// What umount(2) promises on return.
void check_promise(const unmount_batch& batch, const std::set<super_block*>& sbs) {
    mount_table& t = batch.table;
    for (super_block* sb : sbs) {
        if (sb->state == sb_state::dead) continue;
        if (!batch.lazy)
            t.h.violated("umount_not_synchronous",
                         "umount of " + sb->s_id + " returned 0 while its superblock is alive", {}, sb);
        else if (batch.held_before == 0)
            t.observed("superblock_outlives_lazy_umount");
    }
}

task<int> path_umount(unmount_batch& batch, mnt_namespace& ns, path at, unsigned flags, const umount_caller& caller) {
    batch.own = at.mnt;
    batch.lazy = flags & MNT_DETACH;
    int result = can_umount(at, ns, flags, caller);
    if (result == 0) result = co_await do_umount(*at.mnt, ns, flags, batch);
    // Not mntput(): that would clear the expiry mark.
    if (batch.own) co_await mntput_no_expire(*batch.own);
    co_return result;
}

task<int> umount_call(mount_table& t, mnt_namespace& ns, std::string name, unsigned flags, umount_caller caller) {
    constexpr unsigned known = MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW;
    if (flags & ~known) co_return -EINVAL;
    path at = co_await path_lookup(t, ns, std::move(name));
    if (!at.mnt) co_return -ENOENT;
    --at.mnt->holders;  // the umount's own reference is not a user's
    user_task self{t};
    unmount_batch batch{t, {}, {}, nullptr, false, 0};
    const int result = co_await path_umount(batch, ns, std::move(at), flags, caller);
    const auto sbs = should_die(batch);
    co_await self.task_work_run();
    for (const super_block* sb : sbs) t.h.trace("umount_returns", sb, "result", result);
    if (result == 0) check_promise(batch, sbs);
    co_return result;
}

task<int> put_ns_call(mount_table& t, mnt_namespace& ns) {
    unmount_batch batch{t, {}, {}, nullptr, true, 0};
    auto sem = co_await t.namespace_sem.down_write();
    if (ns.root) {
        const auto held = co_await t.mount_lock.lock();
        umount_tree(*ns.root, 0, batch);
    }
    co_await namespace_unlock(batch, std::move(sem));
    co_return 0;
}

}  // namespace

task<int> sys_umount(mount_table& t, mnt_namespace& ns, std::string name, unsigned flags, umount_caller caller) {
    return as_syscall(t, umount_call(t, ns, std::move(name), flags, caller));
}

task<int> put_mnt_ns(mount_table& t, mnt_namespace& ns) { return as_syscall(t, put_ns_call(t, ns)); }

task<> kern_unmount(mount_table& t, mount& m) {
    m.mnt_ns.store(0);
    co_await t.h.rcu.synchronize();
    co_await mntput(m);
}

}  // namespace drainlab::kernel
