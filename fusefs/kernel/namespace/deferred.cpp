// The proposal of April 2025 ("defer RCU synchronisation of MNT_DETACH"): a lazy umount hands its mounts to
// queue_rcu_work() and returns. The worker is a kernel thread, so its last mntput() goes to the delayed work: the
// superblock dies some time after `umount -l` has returned, and the next mkfs of that device finds it busy.
#include "fusefs/kernel/namespace/policies.hpp"

namespace drainlab::kernel {

namespace {
task<> put_all(std::vector<mount*> mounts) {
    for (mount* m : mounts) co_await mntput(*m);
}
}  // namespace

void deferred_policy::put_in_worker(unmount_batch& batch, bool after_grace_period) {
    mount_table& t = batch.table;
    std::erase_if(t.deferred_works, [](const work_struct& w) { return w.done_count > 0 && !w.pending && !w.running; });
    for (const mount* m : batch.unmounted) t.trace("deferred", *m);
    work_struct& work = t.deferred_works.emplace_back();
    work.name = "defer_free_mounts";
    work.func = [mounts = batch.unmounted] { return put_all(mounts); };
    if (after_grace_period)
        t.h.system_wq.queue_rcu(t.h.rcu, work);
    else
        t.h.system_wq.queue(work);
}

task<> deferred_policy::finish(unmount_batch& batch) const {
    if (!batch.lazy) {
        co_await expedited_policy::finish(batch);
        co_return;
    }
    ++batch.table.stats.grace_periods;
    put_in_worker(batch, true);
}

}  // namespace drainlab::kernel
