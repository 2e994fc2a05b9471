// The cleanup of dying cgroups' wbs: the producer of switches that nothing shields from umount (fs/fs-writeback.c:
// cleanup_offline_cgwb(), mm/backing-dev.c: cleanup_offline_cgwbs_workfn()).
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/isw.hpp"

namespace drainlab::kernel {

namespace {

bool may_switch(const inode& i, const drain_policy& policy) {
    return i.i_sb->policy == &policy && i.i_sb->switch_hold == 0;
}

// isw_prepare_wbs_switch(): fills the switch from b_attached. Called, and returns, with list_lock held.
task<> prepare_batch(bdi_writeback& wb, isw& s) {
    host& h = s.h;
    for (inode* i : wb.b_attached) {
        if (s.inodes.size() == WB_MAX_INODES_PER_ISW) co_return;
        if (!may_switch(*i, s.policy)) continue;
        const auto sb = i->i_sb;
        ++sb->own_in_flight;  // from the test on: see inode_switch_wbs()
        const bool prepared = co_await s.policy.prepare(s, *i, *s.new_wb);
        if (!prepared) {
            if (--sb->own_in_flight == 0) h.sched.wake_all(&sb->own_in_flight);
            continue;
        }
        i->switched_by = producer::offline;
        s.inodes.push_back(i);
        h.trace("isw_prepared", i->i_sb.get(), "ino", static_cast<std::int64_t>(i->i_ino));
        co_await h.sched.preempt(point::isw_prepared);
    }
}

}  // namespace

task<bool> cleanup_offline_cgwb(bdi_writeback& wb) {
    if (wb.b_attached.empty() || !wb.b_attached.front()->i_sb->policy->offline_cleanup()) co_return false;
    host& h = wb.bdi.h;
    isw& s = isw_alloc(h, *wb.b_attached.front()->i_sb->policy, producer::offline, nullptr);
    s.policy.begin_switch(s);
    s.new_wb = &wb_get_create(wb.bdi, living_ancestor(wb.cg->parent));  // GFP_KERNEL: may sleep
    co_await h.sched.preempt(point::isw_counted);
    s.policy.window_opens(s);
    {
        const auto lock = co_await wb.list_lock.lock();
        co_await prepare_batch(wb, s);
    }
    if (s.inodes.empty()) {
        s.policy.window_closes(s);
        s.policy.abandon(s);
        wb_put(*s.new_wb);
        isw_free(s);
        co_return false;
    }
    const bool full = s.inodes.size() == WB_MAX_INODES_PER_ISW;
    s.prepared = h.sched.now();
    co_await h.sched.preempt(point::isw_before_queue);
    co_await isw_queue(s);
    co_return full;
}

task<> cleanup_offline_cgwbs_workfn(host& h) {
    const std::vector<bdi_writeback*> dying{h.offline_cgwbs.begin(), h.offline_cgwbs.end()};
    bool waited = false;
    for (bdi_writeback* wb : dying) {
        if (waited && (!h.cgwbs.contains(wb) || !wb->dying)) continue;  // let go meanwhile
        if (wb->has_dirty_io() || !wb_tryget(*wb)) continue;            // retried when the next memcg goes offline
        bool more = waited = true;
        while (more) {
            more = co_await cleanup_offline_cgwb(*wb);
            if (more) co_await h.sched.yield();  // cond_resched()
        }
        wb_put(*wb);
    }
}

}  // namespace drainlab::kernel
