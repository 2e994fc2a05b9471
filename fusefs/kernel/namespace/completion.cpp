// Walks count themselves on each mount they enter, and the unmounter waits for that count instead of a grace period.
// Refused on the list because a lockless walk then writes to every mount it crosses: two writes of memory that all CPUs
// share, which mount_stats::walk_writes counts.
#include "fusefs/kernel/namespace/policies.hpp"

namespace drainlab::kernel {

task<bool> completion_policy::enter(mount& m, std::int64_t seq) const {
    mount_table& t = m.table;
    m.walkers.add(1);
    ++t.stats.walk_writes;
    co_await t.h.sched.preempt(point::walker_counted);
    co_return !t.mount_lock.changed_since(seq);  // either the unmounter sees us, or we see that it was here
}

void completion_policy::leave(mount& m) const {
    ++m.table.stats.walk_writes;
    put_ends(m);
}

// A put that sees the mount in its namespace must be over before the unmounter's own; it has a reference, so no
// sequence.
void completion_policy::put_begins(mount& m) const { m.walkers.add(1); }

void completion_policy::put_ends(mount& m) const {
    if (m.walkers.add(-1) == 0) m.table.h.sched.wake_all(m.walkers.key());
}

task<> completion_policy::finish(unmount_batch& batch) const {
    sched::scheduler& s = batch.table.h.sched;
    batch.table.stats.without_gp += batch.unmounted.size();
    co_await sched::smp_mb(s);  // the names are gone before the counts are read
    for (mount* m : batch.unmounted) {
        mount* const waited = m;
        batch.table.trace("walkers_waited_for", *m, "walkers", m->walkers.peek());
        co_await sched::wait_var_event(s, m->walkers.key(), "walks inside the mount",
                                       [waited] { return waited->walkers.load() == 0; });
    }
    co_await put_unmounted(batch);
}

}  // namespace drainlab::kernel
