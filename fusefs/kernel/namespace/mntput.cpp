// Counts, references and the end of a mount (fs/namespace.c: mnt_add_count(), mntput_no_expire(), cleanup_mnt()).
#include "fusefs/kernel/namespace/policy.hpp"

#include <algorithm>

namespace drainlab::kernel {

namespace {

void check_not_freed(const mount& m, std::string_view what) {
    if (!m.freed) return;
    m.table.h.violated("use_after_free", std::string{what} + " touches mount " + m.name + ", which is freed", {},
                       m.mnt_sb.get());
}

/// this_cpu_inc(): not ordered with anything.
void this_cpu_inc(mount& m, std::deque<sched::shared>& counters) {
    counters[static_cast<std::size_t>(m.table.this_cpu())].inc();
}

}  // namespace

void mnt_inc(mount& m) {
    check_not_freed(m, "mntget()");
    this_cpu_inc(m, m.gets);
}

void mnt_dec(mount& m) {
    check_not_freed(m, "mntput()");
    this_cpu_inc(m, m.puts);
}

std::int64_t mnt_count_now(const mount& m) noexcept {
    std::int64_t count = 0;
    for (const auto& c : m.gets) count += c.peek();
    for (const auto& c : m.puts) count -= c.peek();
    return count;
}

task<std::int64_t> mnt_get_count(mount& m) { return m.table.policy->count(m); }

void mntget(mount& m) { mnt_inc(m); }

task<> mntput(mount& m) {
    if (m.expiry_mark.load()) m.expiry_mark.store(0);
    co_await mntput_no_expire(m);
}

task<> mntput_no_expire(mount& m) {
    mount_table& t = m.table;
    sched::scheduler& s = t.h.sched;
    auto reading = t.h.rcu.read_lock();
    t.policy->put_begins(m);
    const bool listed = m.mnt_ns.load() != 0;
    t.trace("mntput_begins", m, "listed", listed);
    co_await s.preempt(point::mntput_seen);
    if (listed) {
        // The namespace's reference goes only after a grace period (or what stands for one) from mnt_ns = NULL.
        mnt_dec(m);
        t.trace("mntput", m);
        t.policy->put_ends(m);
        co_return;
    }
    t.policy->put_ends(m);
    bool last = false;
    {
        auto held = co_await t.mount_lock.lock();
        // pairs with the one in legitimize_mnt(): either it sees mount_lock taken or we see its count
        if (t.policy->barrier_in_put()) co_await sched::smp_mb(s);
        mnt_dec(m);
        const std::int64_t count = co_await mnt_get_count(m);
        last = count == 0 && !(m.flags & MNT_DOOMED);
        t.trace(last ? "mntput_last" : "mntput", m);
        if (last) doom(m);
    }
    reading.unlock();
    if (last) co_await finish_doomed(m);
}

void doom(mount& m) {
    m.flags |= MNT_DOOMED;
    for (mount* child : std::exchange(m.mnt_mounts, {})) {  // only locked ones are still connected
        child->hashed = false;
        child->mnt_parent = nullptr;
        m.stuck_children.push_back(child);
    }
}

task<> finish_doomed(mount& m) {
    mount_table& t = m.table;
    if (m.flags & MNT_INTERNAL) {
        ++t.stats.put_direct;
        t.trace("put_direct", m);
        co_await cleanup_mnt(m);
        co_return;
    }
    if (const auto works = t.task_works.find(t.h.sched.current()); works != t.task_works.end()) {
        ++t.stats.put_task_work;  // task_work_add(TWA_RESUME)
        t.trace("put_task_work", m);
        works->second.push_back(&m);
        co_return;
    }
    ++t.stats.put_delayed;
    t.trace("put_delayed", m);
    t.delayed_mntput_list.push_back(&m);
    if (t.delayed_mntput_list.size() == 1) t.h.system_wq.queue_delayed(t.delayed_mntput_work, t.h.prof.tick());
}

task<> cleanup_mnt(mount& m) {
    mount_table& t = m.table;
    if (t.atomic_context.contains(t.h.sched.current())) {
        t.h.violated("sleeping_in_atomic", "deactivate_super() of " + m.mnt_sb->s_id + " called from an RCU callback",
                     {}, m.mnt_sb.get());
        co_return;
    }
    if (m.cleaned) {
        t.h.violated("double_free", "mount " + m.name + " is cleaned up twice", {}, m.mnt_sb.get());
        co_return;
    }
    m.cleaned = true;
    t.trace("cleanup_mnt", m);
    for (mount* child : std::exchange(m.stuck_children, {})) co_await mntput(*child);
    co_await deactivate_super(*m.mnt_sb);
    t.h.rcu.call([&m] { m.freed = true; });  // delayed_free_vfsmnt()
}

}  // namespace drainlab::kernel
