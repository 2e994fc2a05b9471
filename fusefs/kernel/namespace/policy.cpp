#include "fusefs/kernel/namespace/policy.hpp"

namespace drainlab::kernel {

task<bool> namespace_policy::enter(mount&, std::int64_t) const { co_return true; }

task<> namespace_policy::in_write_section(unmount_batch&) const { co_return; }

task<std::int64_t> namespace_policy::count(mount& m) const {
    if (!m.table.split_counts) co_return co_await torn_count(m);
    sched::scheduler& s = m.table.h.sched;
    std::int64_t sum = 0;
    for (const auto& c : m.puts) {
        sum -= c.load();
        co_await s.preempt(point::mnt_counts);
    }
    co_await sched::smp_mb(s);  // a put that was seen: its get is seen too
    for (const auto& c : m.gets) {
        sum += c.load();
        co_await s.preempt(point::mnt_counts);
    }
    co_return sum;
}

task<std::int64_t> torn_count(mount& m) {
    std::int64_t sum = 0;
    for (std::size_t cpu = 0; cpu < m.gets.size(); ++cpu) {
        sum += m.gets[cpu].load() - m.puts[cpu].load();
        co_await m.table.h.sched.preempt(point::mnt_counts);
    }
    co_return sum;
}

task<> wait_for_grace_period(unmount_batch& batch, bool expedited) {
    mount_table& t = batch.table;
    ++t.stats.grace_periods;
    for (const mount* m : batch.unmounted) t.trace("grace_period_begins", *m);
    if (expedited)
        co_await t.h.rcu.synchronize_expedited();
    else
        co_await t.h.rcu.synchronize();
    for (const mount* m : batch.unmounted) t.trace("grace_period_ends", *m);
}

task<> put_unmounted(unmount_batch& batch) {
    for (mount* m : batch.unmounted) co_await mntput(*m);
}

}  // namespace drainlab::kernel
