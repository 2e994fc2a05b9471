#include "fusefs/kernel/inode_past.hpp"

#include "fusefs/kernel/writeback.hpp"

namespace drainlab::kernel {

namespace {

/// i_wb_frn_history full, i_wb_frn_avg_time small.
constexpr frn_memory eager{0, 1, 0xffff};

}  // namespace

void inode_live_through(inode& i, const inode_past& past) {
    DRAINLAB_CHECK(i.on_list == io_list::none && i.i_mapping.i_pages.empty());
    inode_attach_wb(i, past.owner);
    if (past.votes_pending) i.frn = eager;
    if (!past.writer) return inode_io_list_move(i, *i.i_wb, io_list::b_attached);
    folio_add(i, 0, past.writer);
    folio_tag_dirty(i, 0, past.writer);
    i.i_state |= I_DIRTY_ALL;
    inode_io_list_move(i, *i.i_wb, io_list::b_dirty);
    if (!past.expired) return;
    inode_expire(i);
    wb_wakeup_delayed(*i.i_wb);
}

}  // namespace drainlab::kernel
