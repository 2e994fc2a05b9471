// "[PATCH v2] fs/fs-writeback: wait isw_nr_in_flight to be zero when umount" (Jiufei Xue, 16 April 2019; the list chose
// rcu_barrier() instead): a counter per superblock, raised after the inode is prepared, lowered after its iput();
// umount flushes the global workqueue until it is zero.
#include "fusefs/kernel/drain/policies.hpp"

namespace drainlab::kernel {

void persb_2019_policy::before_queue(isw& s) const {
    for (inode* i : s.inodes) i->i_sb->s_isw_nr_in_flight.inc();
}

task<> persb_2019_policy::put_inode(isw& s, inode& i) const {
    const auto sb = i.i_sb;
    co_await iput(i);
    co_await s.h.sched.preempt(point::isw_put);
    sb->s_isw_nr_in_flight.add(-1);
}

task<> persb_2019_policy::drain(super_block& sb) const {
    host& h = sb.h;
    if (sb.s_isw_nr_in_flight.load() == 0) co_return;
    co_await drain_synchronize_rcu(sb);
    while (sb.s_isw_nr_in_flight.load() != 0) {
        co_await drain_flush_isw_wq(sb);
        // A flush of an empty queue returns at once, and the loop spins until the callback has queued its work.
        co_await h.sched.sleep_for(std::chrono::microseconds{1}, "flush_workqueue() in a loop");
    }
}

}  // namespace drainlab::kernel
