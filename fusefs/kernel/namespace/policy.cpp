#include "fusefs/kernel/namespace/policy.hpp"

namespace drainlab::kernel {

task<bool> namespace_policy::enter(mount&, std::int64_t) const { co_return true; }

task<> namespace_policy::in_write_section(unmount_batch&) const { co_return; }

task<std::int64_t> namespace_policy::count(mount& m) const {
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

task<> put_unmounted(unmount_batch& batch) {
    for (mount* m : batch.unmounted) co_await mntput(*m);
}

}  // namespace drainlab::kernel
