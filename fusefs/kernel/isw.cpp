#include "fusefs/kernel/isw.hpp"

#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/writeback.hpp"
#include "fusefs/sched/check.hpp"

namespace drainlab::kernel {

isw::isw(host& on, const drain_policy& under, producer who, super_block* asked_for)
    : h{on}, policy{under}, by{who}, sb{asked_for}, prepared{on.sched.now()} {}

isw& isw_alloc(host& h, const drain_policy& policy, producer by, super_block* sb) {
    isw& s = h.isws.emplace_back(h, policy, by, sb);
    s.at = std::prev(h.isws.end());
    return s;
}

void isw_free(isw& s) { s.h.isws.erase(s.at); }

namespace {

// What was begun comes to nothing: the kernel's "goto out_free" - silent.
void give_up(isw& s) {
    s.policy.window_closes(s);
    s.policy.abandon(s);
    if (s.new_wb) wb_put(*s.new_wb);
    isw_free(s);
}

}  // namespace

task<bool> inode_prepare_locked(inode& i, const bdi_writeback& new_wb, bool test_active) {
    const auto guard = co_await i.i_lock.lock();
    if (test_active && !i.i_sb->active()) {
        i.i_sb->h.trace("isw_backs_out", i.i_sb.get(), "ino", static_cast<std::int64_t>(i.i_ino));
        co_return false;
    }
    co_await i.i_sb->h.sched.preempt(point::isw_tested);
    if (i.i_state & (I_WB_SWITCH | I_FREEING | I_WILL_FREE)) co_return false;
    if (i.i_wb == &new_wb) co_return false;
    i.i_state |= I_WB_SWITCH;
    iget(i);
    co_return true;
}

task<> inode_switch_wbs(inode& i, memcg_id to, producer by) {
    super_block& sb = *i.i_sb;
    host& h = sb.h;
    if ((i.i_state & I_WB_SWITCH) || h.isw_nr_in_flight.load() > WB_FRN_MAX_IN_FLIGHT || sb.switch_hold) co_return;
    isw& s = isw_alloc(h, *sb.policy, by, &sb);
    s.policy.begin_switch(s);
    co_await h.sched.preempt(point::isw_counted);
    s.policy.window_opens(s);
    const auto found = h.memcgs.find(to);
    const memcg_ptr m = found == h.memcgs.end() ? memcg_ptr{} : found->second.lock();
    // css_tryget_online() failed; or the policy is, or was, changed meanwhile
    if (!m || !m->online() || sb.switch_hold || sb.policy != &s.policy) {
        give_up(s);
        co_return;
    }
    s.new_wb = &wb_get_create(sb.s_bdi, m);
    const auto keep = sb.shared_from_this();
    ++sb.own_in_flight;  // from the test on, so that set_drain_policy() waits for what it is true of
    const bool prepared = co_await s.policy.prepare(s, i, *s.new_wb);
    if (!prepared) {
        if (--sb.own_in_flight == 0) h.sched.wake_all(&sb.own_in_flight);
        give_up(s);
        co_return;
    }
    i.switched_by = by;
    s.inodes.push_back(&i);
    s.prepared = h.sched.now();
    h.trace("isw_prepared", &sb, "ino", static_cast<std::int64_t>(i.i_ino));
    co_await h.sched.preempt(point::isw_prepared);
    co_await isw_queue(s);
}

task<> isw_queue(isw& s) {
    host& h = s.h;
    s.queued = h.sched.now();
    ++h.switches.queued;
    ++h.switches.by_producer[static_cast<std::size_t>(s.by)];
    for (std::size_t n = 0; n < s.inodes.size(); ++n) {
        super_block& sb = *s.inodes[n]->i_sb;
        DRAINLAB_CHECK(sb.policy == &s.policy);  // else its drain would not see this switch
        if (n > 0 && &sb == s.inodes[n - 1]->i_sb.get()) continue;
        ++sb.switches.queued;
        ++sb.switches.by_producer[static_cast<std::size_t>(s.by)];
        if (sb.phases.drained != instant{})
            h.violated("queued_after_drain",
                       "inode wb switch queued after cgroup_writeback_umount() of " + sb.s_id + " returned",
                       to_string(s.by), &sb);
        h.sched.wake_all(sb.isw_queued_key());
        h.trace("inode_switch_wbs_queue", &sb, "inodes", static_cast<std::int64_t>(s.inodes.size()), "to",
                static_cast<std::int64_t>(s.new_wb->id()));
    }
    s.policy.before_queue(s);
    const drain_policy& policy = s.policy;
    bdi_writeback& new_wb = *s.new_wb;
    policy.queue(s);
    if (!policy.holds_new_wb()) wb_put(new_wb);
    policy.window_closes(s);  // `s` is gone once we await
    if (policy.counts_after_queue()) co_await h.sched.preempt(point::isw_uncounted);
    policy.after_queue(h);
}

void wb_queue_isw(bdi_writeback& wb, isw& s) {
    check_not_freed(wb, "wb_queue_isw()");
    wb.switch_wbs_ctxs.push_back(&s);
    if (wb.switch_wbs_ctxs.size() == 1) wb.bdi.h.isw_wq.queue(wb.switch_work);
}

task<> inode_switch_wbs_work_fn(bdi_writeback& wb) {
    wb_get(wb);  // the last switch's put must not free the wb under us
    const auto list = std::exchange(wb.switch_wbs_ctxs, {});
    if (!list.empty()) {
        co_await wb.bdi.h.rcu.synchronize();  // readers that saw no I_WB_SWITCH are gone
        for (isw* s : list) co_await process_inode_switch_wbs(wb, *s);
    }
    wb_put(wb);
}

namespace {

// Tagged folios take their accounting along; the inode moves to the matching list of its new wb.
bool inode_do_switch_wbs(inode& i, bdi_writeback& old_wb, bdi_writeback& new_wb) {
    if (i.i_state & (I_FREEING | I_WILL_FREE)) return false;
    const auto dirty = static_cast<std::int64_t>(i.i_mapping.dirty.size());
    const auto writeback = static_cast<std::int64_t>(i.i_mapping.writeback.size());
    old_wb.stat_reclaimable -= dirty;
    new_wb.stat_reclaimable += dirty;
    old_wb.stat_writeback -= writeback;
    new_wb.stat_writeback += writeback;
    wb_get(new_wb);
    const io_list was_on = i.on_list;
    inode_io_list_del(i);
    i.i_wb = &new_wb;
    if (was_on != io_list::none) {
        const bool is_dirty = i.i_state & I_DIRTY_ALL;
        if (is_dirty) i.dirtied_when = i.i_sb->h.sched.now();
        if (is_dirty || !new_wb.is_root)
            inode_io_list_move(i, new_wb, is_dirty ? io_list::b_dirty : io_list::b_attached);
    }
    i.frn = {};
    i.i_state &= ~I_WB_SWITCH;
    return true;
}

// Both list_locks, the older wb's first.
task<bool> switch_locked(inode& i, bdi_writeback& old_wb, bdi_writeback& new_wb) {
    const bool old_first = old_wb.seq < new_wb.seq;
    const auto first = co_await (old_first ? old_wb : new_wb).list_lock.lock();
    const auto second = co_await (old_first ? new_wb : old_wb).list_lock.lock();
    const auto i_guard = co_await i.i_lock.lock();
    co_return inode_do_switch_wbs(i, old_wb, new_wb);
}

void account_done(isw& s) {
    host& h = s.h;
    ++h.switches.done;
    h.switches.inodes += s.inodes.size();
    if (h.switch_ns.size() < rcu_samples::limit) h.switch_ns.push_back((h.sched.now() - s.queued).count());
}

}  // namespace

task<> process_inode_switch_wbs(bdi_writeback& new_wb, isw& s) {
    host& h = s.h;
    bdi_writeback& old_wb = *s.inodes.front()->i_wb;
    check_not_freed(old_wb, "process_inode_switch_wbs()");
    check_not_freed(new_wb, "process_inode_switch_wbs()");
    std::int64_t switched = 0;
    {
        const auto shared = co_await old_wb.bdi.wb_switch_rwsem.down_read();
        for (inode* i : s.inodes) {
            const auto pages = static_cast<std::int64_t>(i->i_mapping.dirty.size() + i->i_mapping.writeback.size());
            const bool moved = co_await switch_locked(*i, old_wb, new_wb);
            if (moved) ++switched;
            const nanoseconds cost = h.prof.switch_per_inode + h.prof.switch_per_page * pages;
            if (cost.count() > 0) co_await h.cpus.consume(cost);
        }
    }
    if (switched > 0) {
        if (new_wb.has_dirty_io()) wb_wakeup_delayed(new_wb);
        wb_put(old_wb, switched);
    }
    account_done(s);
    for (inode* i : s.inodes) {
        const auto sb = i->i_sb;  // the superblock's memory stays, even if this put should be one too late
        ++sb->switches.inodes;
        if (i == s.inodes.front()) ++sb->switches.done;
        co_await s.policy.put_inode(s, *i);
        if (--sb->own_in_flight == 0) h.sched.wake_all(&sb->own_in_flight);
        h.trace("inode_switch_wbs", sb.get());
    }
    if (s.policy.holds_new_wb()) wb_put(new_wb);
    s.policy.end_of_switch(s);
    isw_free(s);
}

}  // namespace drainlab::kernel
