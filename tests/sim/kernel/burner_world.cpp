// Out of line: g++ 12 and lld do not agree on coroutines defined in a header that two files include.
#include "tests/sim/kernel/burner_world.hpp"

namespace drainlab::kernel {

sched::task<> burner_world::burner(int, switch_work& mine) {
    const int writes = prof.burner_writes > 0 ? prof.burner_writes : 32;
    std::int64_t stamped = -1;
    for (;;) {
        co_await cpus.consume(about(prof.cgroup_create));  // mkdir, fork
        const int parent = sched.current()->cpu;
        sched.current()->cpu = cpus.fork_cpu(parent);
        for (int i = 0; i < writes; ++i) {
            co_await cpus.write(about(prof.sync_write), prof.sync_write * (writes - i - 1), stamped);
            if (i == 8 && !mine.work.pending && !mine.work.running) {
                mine.queued = sched.now();
                wq.queue(mine.work);
            }
        }
        sched.current()->cpu = parent;
        co_await cpus.consume(about(prof.cgroup_remove));  // exit, wait, rmdir
        cgroup_exit_callbacks(*rcu, prof.callbacks_per_cgroup_exit);
    }
}

sched::task<> burner_world::do_switch(switch_work& s) {
    co_await cpus.consume(20us);
    co_await rcu->synchronize();
    co_await cpus.consume(prof.switch_per_inode);
    switch_times.add(sched.now() - s.queued);
}

sched::task<> burner_world::housekeeping() {
    for (;;) {
        sched::fiber& me = *sched.current();
        me.cpu = static_cast<int>(sched.generator().below(static_cast<std::uint64_t>(prof.cpus)));
        const sched::instant at = cpus.next_tick(me.cpu, sched.now() + about(62ms)) - 50us;
        co_await sched.sleep_until(at);
        co_await cpus.consume(100us);
    }
}

}  // namespace drainlab::kernel
