// The flusher of a wb, and sync (fs/fs-writeback.c).
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/writeback.hpp"

namespace drainlab::kernel {

namespace {

bool eligible(const inode& i, const wb_writeback_work& work, instant older_than) {
    if ((i.i_state & (I_FREEING | I_WILL_FREE)) || i.i_sb->state == sb_state::dead) return false;
    if (work.sb && i.i_sb.get() != work.sb) return false;
    return !work.for_kupdate || i.dirtied_when <= older_than;
}

// queue_io(): what the work is about, onto b_io. Needs list_lock.
void queue_io(bdi_writeback& wb, const wb_writeback_work& work, instant older_than) {
    for (auto* from : {&wb.b_more_io, &wb.b_dirty}) {
        std::vector<inode*> chosen;
        for (inode* i : *from)
            if (eligible(*i, work, older_than)) chosen.push_back(i);
        for (inode* i : chosen) inode_io_list_move(*i, wb, io_list::b_io);
    }
}

// The inode was written: where it belongs now (requeue_inode()). Its wb may have changed meanwhile.
task<> requeue_inode(inode& i) {
    const locked_wb locked = co_await inode_to_wb_and_lock_list(i);
    if (i.i_state & I_FREEING) co_return;
    if (!i.i_mapping.dirty.empty() || (i.i_state & I_DIRTY_ALL)) {
        if (i.i_mapping.wb_err == 0 || !(i.i_state & I_DIRTY_ALL)) i.dirtied_when = i.i_sb->h.sched.now();
        i.i_state |= I_DIRTY_PAGES;
        inode_io_list_move(i, *locked.wb, io_list::b_dirty);
        wb_wakeup_delayed(*locked.wb);
    } else if (!locked.wb->is_root) {
        inode_io_list_move(i, *locked.wb, io_list::b_attached);  // clean, but the offline cleanup must find it
    } else {
        inode_io_list_del(i);
    }
}

// __writeback_single_inode() between wbc_attach and wbc_detach. Both may begin a switch. 0 or the first negative errno.
task<int> writeback_single_inode(inode& i, bool sync_all) {
    writeback_control wbc;
    wbc.sync_all = sync_all;
    wbc.for_sync = sync_all;
    co_await wbc_attach_fdatawrite_inode(wbc, i, i.i_sb->h.root_memcg);
    const unsigned dirty = std::exchange(i.i_state, i.i_state & ~I_DIRTY_ALL) & I_DIRTY_ALL;
    int error = co_await i.i_sb->ops.writepages(i, wbc);
    if (sync_all) co_await filemap_fdatawait(i);
    if (dirty & I_DIRTY_SYNC) {
        const int wrote = co_await i.i_sb->ops.write_inode(i, wbc);
        if (error == 0) error = wrote;
    }
    co_await wbc_detach_inode(wbc);
    co_return error;
}

// writeback_sb_inodes() for one inode from b_io. True if it was written.
task<bool> writeback_one(bdi_writeback& wb, inode& i, wb_writeback_work& work) {
    host& h = wb.bdi.h;
    super_block& sb = *i.i_sb;
    sched::rwsem::guard shared;
    if (!work.sb && h.honour_s_umount) {  // nobody holds s_umount for us: a superblock on its way out is left alone
        shared = sb.s_umount.try_read();
        if (!shared) co_return false;
    }
    while (i.i_state & I_SYNC) co_await h.sched.wait_on(&i.i_state, "inode writeback (I_SYNC)");
    if (i.i_state & I_FREEING) co_return false;
    iget(i);
    i.i_state |= I_SYNC;
    const int error = co_await writeback_single_inode(i, work.sync_all);
    if (work.error == 0) work.error = error;
    i.i_state &= ~I_SYNC;
    h.sched.wake_all(&i.i_state);
    co_await requeue_inode(i);
    co_await iput(i);
    co_return true;
}

// wb_writeback(): one work. b_io is worked off from the front; what cannot be written now goes back to b_dirty.
task<> wb_writeback(bdi_writeback& wb, wb_writeback_work& work) {
    const instant older_than = wb.bdi.h.sched.now() - dirty_expire_interval;
    {
        const auto lock = co_await wb.list_lock.lock();
        queue_io(wb, work, older_than);
    }
    for (;;) {
        std::shared_ptr<inode> keep;
        {
            const auto lock = co_await wb.list_lock.lock();
            if (wb.b_io.empty()) co_return;
            inode& i = *wb.b_io.front();
            keep = i.i_sb->s_inodes.at(i.i_ino);
            if (!eligible(i, work, instant::max())) {
                inode_io_list_move(i, wb, io_list::b_dirty);
                continue;
            }
        }
        const bool written = co_await writeback_one(wb, *keep, work);
        if (written || (keep->i_state & I_FREEING)) continue;
        const locked_wb locked = co_await inode_to_wb_and_lock_list(*keep);
        if (keep->on_list == io_list::b_io) inode_io_list_move(*keep, *locked.wb, io_list::b_dirty);  // redirty_tail()
    }
}

// bdi_split_work_to_wbs() and wb_wait_for_completion(), for `sb` or all on the device. 0 or the first negative errno.
task<int> writeback_on_every_wb(backing_dev_info& bdi, super_block* sb, bool sync_all) {
    host& h = bdi.h;
    std::list<wb_writeback_work> works;
    for (bdi_writeback* wb : bdi.wb_list) {
        if (!wb->has_dirty_io() || wb->released) continue;
        auto& work = works.emplace_back();
        work.sb = sb;
        work.sync_all = sync_all;
        wb->work_list.push_back(&work);
        wb_wakeup(*wb);
    }
    int error = 0;
    for (auto& work : works) {
        while (!work.done) co_await h.sched.wait_on(&work, "writeback of a wb");
        if (error == 0) error = work.error;
    }
    co_return error;
}

}  // namespace

void wb_wakeup_delayed(bdi_writeback& wb) {
    if (wb.bdi.h.flusher_enabled) wb.bdi.h.bdi_wq.queue_delayed(wb.dwork, dirty_writeback_interval);
}

void wb_wakeup(bdi_writeback& wb) { wb.bdi.h.bdi_wq.mod_delayed(wb.dwork, nanoseconds{0}); }

task<> wb_workfn(bdi_writeback& wb) {
    host& h = wb.bdi.h;
    while (!wb.work_list.empty()) {
        wb_writeback_work& work = *wb.work_list.front();
        wb.work_list.pop_front();
        co_await wb_writeback(wb, work);
        work.done = true;
        h.sched.wake_all(&work);
    }
    if (h.flusher_enabled && h.sched.now() - wb.last_old_flush >= dirty_writeback_interval) {
        wb.last_old_flush = h.sched.now();
        h.trace("flusher_turn", nullptr, "memcg", static_cast<std::int64_t>(wb.id()));
        wb_writeback_work kupdate;
        kupdate.for_kupdate = true;
        co_await wb_writeback(wb, kupdate);
    }
    if (wb.has_dirty_io()) wb_wakeup_delayed(wb);
}

task<> try_to_writeback_inodes_sb(super_block& sb) {
    const auto keep = sb.shared_from_this();
    const auto shared = sb.s_umount.try_read();
    if (shared) (void)co_await writeback_on_every_wb(sb.s_bdi, &sb, false);  // the files remember errors
}

task<> wakeup_flusher_threads_bdi(backing_dev_info& bdi) {
    const auto keep = bdi.shared_from_this();
    (void)co_await writeback_on_every_wb(bdi, nullptr, false);
}

task<int> sync_inodes_sb(super_block& sb) {
    int error = 0;
    {
        // An inode must not move from a wb not yet done to one that is: switches are not applied meanwhile.
        const auto exclusive = co_await sb.s_bdi.wb_switch_rwsem.down_write();
        error = co_await writeback_on_every_wb(sb.s_bdi, &sb, true);
    }
    std::vector<std::shared_ptr<inode>> all;
    for (const auto& [ino, i] : sb.s_inodes) all.push_back(i);
    for (const auto& i : all) {  // wait_sb_inodes()
        co_await filemap_fdatawait(*i);
        if (error == 0) error = -i->i_mapping.wb_err;
    }
    co_return error;
}

task<int> sync_filesystem(super_block& sb) {
    int error = co_await writeback_on_every_wb(sb.s_bdi, &sb, false);  // WB_SYNC_NONE: get it going
    const int begun = co_await sb.ops.sync_fs(sb, false);
    if (error == 0) error = begun;
    const int data = co_await sync_inodes_sb(sb);
    const int meta = co_await sb.ops.sync_fs(sb, true);
    if (error == 0) error = data;
    co_return error == 0 ? meta : error;
}

}  // namespace drainlab::kernel
