// The proposal of September 2026 ("unmount without a grace period when nothing else holds the mount"). A grace period
// protects puts and walks that hold a count; a mount whose only count is the namespace's has neither. The sum may be
// read while others move: with split counters it errs upwards only, and a walk that counts itself later finds the
// sequence changed and, under mount_lock, MNT_DOOMED.
#include "fusefs/kernel/namespace/policies.hpp"

namespace drainlab::kernel {

task<> on_demand_policy::in_write_section(unmount_batch& batch) const {
    mount_table& t = batch.table;
    if (batch.own) mnt_dec(*std::exchange(batch.own, nullptr));  // not the last: the namespace's is still there
    const auto held = co_await t.mount_lock.lock();
    if (barrier_before_batch()) co_await sched::smp_mb(t.h.sched);  // pairs with legitimize_mnt()
    std::vector<mount*> others;
    for (mount* m : batch.unmounted) {
        const std::int64_t count = co_await mnt_get_count(*m);
        if (!sole_reference(batch, count)) {
            others.push_back(m);
            continue;
        }
        mnt_dec(*m);
        t.trace("without_grace_period", *m);
        doom(*m);
        batch.doomed.push_back(m);
    }
    batch.unmounted = std::move(others);
    t.stats.without_gp += batch.doomed.size();
}

task<> on_demand_policy::finish(unmount_batch& batch) const {
    if (batch.unmounted.empty()) co_return;
    co_await expedited_policy::finish(batch);
}

}  // namespace drainlab::kernel
