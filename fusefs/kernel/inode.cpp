#include "fusefs/kernel/inode.hpp"

#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/writeback.hpp"

namespace drainlab::kernel {

task<int> address_space_operations::write_inode(inode&, writeback_control&) { co_return 0; }
void address_space_operations::evict_inode(inode&) {}
task<int> address_space_operations::sync_fs(super_block&, bool) { co_return 0; }
void address_space_operations::put_super(super_block&) {}

inode::inode(std::shared_ptr<super_block> sb, ino_t number)
    : i_ino{number}, i_sb{std::move(sb)}, i_lock{i_sb->h.sched, "inode->i_lock"} {}

memcg_id inode_owner(const inode& i) noexcept { return i.i_wb ? i.i_wb->id() : 0; }

void inode_attach_wb(inode& i, const memcg_ptr& m) {
    if (!i.i_wb) i.i_wb = &wb_get_create(i.i_sb->s_bdi, m);  // keeps the reference
}

task<locked_wb> inode_to_wb_and_lock_list(inode& i) {
    for (;;) {
        bdi_writeback& wb = *i.i_wb;
        check_not_freed(wb, "inode_to_wb_and_lock_list()");
        wb_get(wb);
        auto lock = co_await wb.list_lock.lock();
        wb_put(wb);  // not freed before we await again
        if (i.i_wb == &wb) co_return locked_wb{&wb, std::move(lock)};
    }
}

void inode_io_list_del(inode& i) {
    if (i.on_list == io_list::none) return;
    i.i_wb->list(i.on_list).erase(i.on_list_at);
    i.on_list = io_list::none;
}

void inode_io_list_move(inode& i, bdi_writeback& wb, io_list to) {
    inode_io_list_del(i);
    auto& list = wb.list(to);
    i.on_list_at = list.insert(list.end(), &i);
    i.on_list = to;
}

namespace {

bool on_dirty_list(const inode& i) { return i.on_list != io_list::none && i.on_list != io_list::b_attached; }

}  // namespace

bool inode_is_dirty(const inode& i, unsigned flags) noexcept {
    return (i.i_state & flags) == flags && on_dirty_list(i);
}

void inode_expire(inode& i) noexcept { i.dirtied_when -= dirty_expire_interval; }

void mapping_set_error(address_space& m, int error) noexcept {
    m.wb_err = error;
    ++m.wb_err_seq;
}

task<> mark_inode_dirty(inode& i, unsigned flags) {
    if (inode_is_dirty(i, flags)) co_return;
    inode_attach_wb(i, i.i_sb->h.root_memcg);
    const locked_wb locked = co_await inode_to_wb_and_lock_list(i);
    bdi_writeback& wb = *locked.wb;
    const auto i_guard = co_await i.i_lock.lock();
    const bool was_dirty = i.i_state & I_DIRTY_ALL;
    i.i_state |= flags;
    if (i.i_state & (I_SYNC | I_FREEING | I_WILL_FREE)) co_return;  // the round under way requeues it
    if (was_dirty && on_dirty_list(i)) co_return;
    const bool first = !wb.has_dirty_io();
    i.dirtied_when = i.i_sb->h.sched.now();
    inode_io_list_move(i, wb, io_list::b_dirty);
    if (first) wb_wakeup_delayed(wb);
}

task<> iput(inode& i) {
    DRAINLAB_CHECK(i.i_count > 0);
    if (i.i_count > 1) {
        --i.i_count;
        co_return;
    }
    {
        const auto guard = co_await i.i_lock.lock();  // atomic_dec_and_lock()
        if (--i.i_count > 0 || (i.i_state & I_FREEING)) co_return;
    }
    const bool nothing_to_write = i.unlinked || !(i.i_state & I_DIRTY_ALL);
    if (!i.i_sb->active() || (!i.in_dcache && nothing_to_write)) co_await evict(i);
}

task<> inode_drop_dentry(inode& i) {
    i.in_dcache = false;
    iget(i);
    return iput(i);
}

task<> evict(inode& i) {
    super_block& sb = *i.i_sb;
    host& h = sb.h;
    const auto keep = sb.s_inodes.find(i.i_ino) != sb.s_inodes.end() && sb.s_inodes[i.i_ino].get() == &i
                          ? sb.s_inodes[i.i_ino]
                          : std::shared_ptr<inode>{};
    const auto keep_sb = i.i_sb;
    DRAINLAB_CHECK(!(i.i_state & I_FREEING) && keep);
    i.i_state |= I_FREEING;
    while (i.i_state & I_SYNC) co_await h.sched.wait_on(&i.i_state, "inode writeback (I_SYNC)");
    if (i.i_wb) {
        const locked_wb locked = co_await inode_to_wb_and_lock_list(i);
        inode_io_list_del(i);
    }
    if (!i.unlinked && !i.i_mapping.dirty.empty() && i.i_mapping.wb_err == 0)
        h.violated("dirty_after_death",
                   "inode " + std::to_string(i.i_ino) + " evicted with " + std::to_string(i.i_mapping.dirty.size()) +
                       " dirty folios",
                   {}, &sb);
    co_await truncate_inode_pages(i, 0);
    if (sb.state != sb_state::dead) sb.ops.evict_inode(i);  // a filesystem may be gone after its put_super()
    sb.s_es_stats.add(-1);  // ext4_es_free_extent(): on freed memory if put_super() has run
    sb.s_inodes.erase(i.i_ino);
    i.i_state |= I_CLEAR;
    if (bdi_writeback* wb = std::exchange(i.i_wb, nullptr)) wb_put(*wb);
}

}  // namespace drainlab::kernel
