#include "fusefs/kernel/namespace/walk.hpp"

#include "fusefs/kernel/namespace/policy.hpp"

#include <algorithm>
#include <utility>

namespace drainlab::kernel {

namespace {

/// __lookup_mnt(): the mount on `at`, if there is one.
mount* lookup_hash(const path& at) {
    for (mount* child : at.mnt->mnt_mounts)
        if (child->hashed && child->mnt_mountpoint == at.dentry) return child;
    return nullptr;
}

std::vector<std::string> components(std::string_view name) {
    std::vector<std::string> parts;
    while (!name.empty()) {
        const auto slash = name.find('/');
        if (slash != 0) parts.emplace_back(name.substr(0, slash));
        name.remove_prefix(slash == std::string_view::npos ? name.size() : slash + 1);
    }
    return parts;
}

void step_into(path& at, const std::string& component) { at.dentry += (at.dentry.empty() ? "" : "/") + component; }

void check_walkable(const mount& m) {
    if (m.freed)
        m.table.h.violated("use_after_free", "an RCU walk is on mount " + m.name + ", which is freed", {},
                           m.mnt_sb.get());
}

/// What an RCU walk carries along: the sequence it sampled, and the mounts that it entered.
struct rcu_walk {
    mount_table& t;
    std::int64_t seq{};
    std::vector<mount*> entered;

    task<bool> enter(mount& m) {
        ++t.stats.mounts_crossed;
        entered.push_back(&m);
        const bool unchanged = co_await t.policy->enter(m, seq);
        if (!unchanged) co_return false;
        t.trace("walk_enters", m);
        co_await t.h.sched.preempt(point::walk_step);
        check_walkable(m);
        co_return true;
    }
    void leave_all() {
        for (mount* m : entered) t.policy->leave(*m);
        entered.clear();
    }
};

/// handle_mounts(): follows everything mounted on `at`. False: start again.
task<bool> follow_rcu(rcu_walk& walk, path& at) {
    for (mount* on = lookup_hash(at); on; on = lookup_hash(at)) {
        const bool unchanged = co_await walk.enter(*on);
        if (!unchanged) co_return false;
        at = {on, {}};
    }
    co_return true;
}

/// The steps of a walk under RCU. False: something changed, start again.
task<bool> steps_rcu(rcu_walk& walk, path& at, const std::vector<std::string>& parts) {
    bool unchanged = co_await walk.enter(*at.mnt);
    if (unchanged) unchanged = co_await follow_rcu(walk, at);
    for (std::size_t i = 0; unchanged && i < parts.size(); ++i) {
        step_into(at, parts[i]);
        unchanged = co_await follow_rcu(walk, at);
    }
    co_return unchanged;
}

/// LOOKUP_RCU, then try_to_unlazy(). An empty path: -ECHILD, walk with references.
task<path> walk_rcu(mount_table& t, mnt_namespace& ns, const std::vector<std::string>& parts) {
    path at{ns.root, {}};
    if (!at.mnt) co_return at;
    auto reading = t.h.rcu.read_lock();
    const std::int64_t seq = co_await t.mount_lock.read_begin();
    rcu_walk walk{t, seq, {}};
    int refused = 1;
    const bool unchanged = co_await steps_rcu(walk, at, parts);
    if (unchanged)
        refused = co_await legitimize_mnt(*at.mnt, seq);
    else
        t.trace("legitimize_too_late", *at.mnt);
    walk.leave_all();
    reading.unlock();
    if (refused < 0) co_await mntput(*at.mnt);
    if (refused != 0) at = path{};
    co_return at;
}

/// lookup_mnt(): the mount on `at`, referenced, or null.
task<mount*> lookup_mnt(mount_table& t, const path& at) {
    for (;;) {
        auto reading = t.h.rcu.read_lock();
        const std::int64_t seq = co_await t.mount_lock.read_begin();
        mount* const on = lookup_hash(at);
        if (!on) co_return nullptr;
        int refused = 1;
        const bool entered = co_await t.policy->enter(*on, seq);
        if (entered) refused = co_await legitimize_mnt(*on, seq);
        t.policy->leave(*on);
        reading.unlock();
        if (refused == 0) co_return on;
        if (refused < 0) co_await mntput(*on);
    }
}

task<> follow_ref(mount_table& t, path& at) {
    for (;;) {
        mount* const on = co_await lookup_mnt(t, at);
        if (!on) co_return;
        co_await mntput(*at.mnt);
        at = {on, {}};
    }
}

/// A walk that holds a reference to the mount it is on. The namespace's user keeps the root.
task<path> walk_ref(mount_table& t, mnt_namespace& ns, const std::vector<std::string>& parts) {
    path at{ns.root, {}};
    mntget(*at.mnt);
    co_await follow_ref(t, at);
    for (const auto& part : parts) {
        step_into(at, part);
        co_await follow_ref(t, at);
    }
    co_return at;
}

}  // namespace

task<int> legitimize_mnt(mount& m, std::int64_t seq) {
    mount_table& t = m.table;
    const namespace_policy& policy = *t.policy;
    if (t.mount_lock.changed_since(seq)) {
        t.trace("legitimize_too_late", m);
        co_return 1;
    }
    co_await t.h.sched.preempt(point::legitimize_checked);
    mnt_inc(m);
    if (policy.barrier_in_legitimize())
        co_await sched::smp_mb(t.h.sched);  // see mntput_no_expire() and sys_umount()
    else
        co_await t.h.sched.preempt(point::legitimize_counted);
    if (!policy.recheck_in_legitimize() || !t.mount_lock.changed_since(seq)) {
        t.trace("legitimized", m);
        co_return 0;
    }
    const auto held = co_await t.mount_lock.lock();
    const unsigned silent = MNT_DOOMED | (policy.honours_sync_flag() ? MNT_SYNC_UMOUNT : 0u);
    t.trace("legitimize_fails", m, "silent", m.flags & silent ? 1 : 0);
    if (!(m.flags & silent)) co_return -1;
    mnt_dec(m);
    co_return 1;
}

task<path> path_lookup(mount_table& t, mnt_namespace& ns, std::string name) {
    const auto parts = components(name);
    ++t.stats.walks;
    path found = co_await walk_rcu(t, ns, parts);
    if (!found.mnt && ns.root) {
        ++t.stats.unlazy_failed;
        found = co_await walk_ref(t, ns, parts);
    }
    if (found.mnt) ++found.mnt->holders;
    co_return found;
}

task<> path_put(path p) {
    co_await mntput(*p.mnt);
    --p.mnt->holders;
}

namespace {
void check_alive(const path& p) {
    if (p.mnt->mnt_sb->state != sb_state::dead) return;
    p.mnt->table.h.violated("use_after_free", "superblock of " + p.mnt->name + " is dead while a file on it is open",
                            {}, p.mnt->mnt_sb.get());
}
}  // namespace

task<> touch(const path& p) {
    check_alive(p);
    co_await p.mnt->table.h.sched.preempt(point::file_in_use);
    check_alive(p);
}

task<path> sys_open(mount_table& t, mnt_namespace& ns, std::string name) {
    return as_syscall(t, path_lookup(t, ns, std::move(name)));
}

namespace {
task<int> close_file(path file) {
    check_alive(file);
    co_await path_put(std::move(file));
    co_return 0;
}
}  // namespace

namespace {
/// path_init() with AT_FDCWD under LOOKUP_RCU: the sequence first, then the directory.
task<path> pwd_rcu(mount_table& t, fs_struct& fs) {
    auto reading = t.h.rcu.read_lock();
    const std::int64_t seq = co_await t.mount_lock.read_begin();
    path at = fs.pwd;
    if (!at.mnt) co_return at;
    rcu_walk walk{t, seq, {}};
    int refused = 1;
    const bool unchanged = co_await walk.enter(*at.mnt);
    if (unchanged) refused = co_await legitimize_mnt(*at.mnt, seq);
    walk.leave_all();
    reading.unlock();
    if (refused < 0) co_await mntput(*at.mnt);
    if (refused != 0) at = path{};
    co_return at;
}

task<path> open_pwd(mount_table& t, fs_struct& fs) {
    path found = co_await pwd_rcu(t, fs);
    if (!found.mnt && fs.pwd.mnt) {  // again, with a reference taken under fs->lock
        found = fs.pwd;
        mntget(*found.mnt);
    }
    if (found.mnt) ++found.mnt->holders;
    co_return found;
}

task<int> leave_pwd(fs_struct& fs) {
    path old = std::exchange(fs.pwd, path{});
    co_await path_put(std::move(old));
    co_return 0;
}
}  // namespace

task<path> sys_open_pwd(mount_table& t, fs_struct& fs) { return as_syscall(t, open_pwd(t, fs)); }

task<int> sys_leave_pwd(mount_table& t, fs_struct& fs) { return as_syscall(t, leave_pwd(fs)); }

task<int> sys_close(mount_table& t, path file) { return as_syscall(t, close_file(std::move(file))); }

}  // namespace drainlab::kernel
