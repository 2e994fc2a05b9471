// The page cache's tags and their accounting to the owner's wb (mm/page-writeback.c, mm/filemap.c).
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/writeback.hpp"

namespace drainlab::kernel {

folio& folio_add(inode& i, pgoff_t index, const memcg_ptr& m) {
    const auto [at, added] = i.i_mapping.i_pages.try_emplace(index);
    DRAINLAB_CHECK(added);
    at->second.cg = living_ancestor(m ? m : i.i_sb->h.root_memcg);
    return at->second;
}

bool folio_remove(inode& i, pgoff_t index) {
    const auto at = i.i_mapping.i_pages.find(index);
    if (at == i.i_mapping.i_pages.end() || at->second.dirty || at->second.writeback) return false;
    i.i_mapping.i_pages.erase(at);
    return true;
}

void folio_tag_dirty(inode& i, pgoff_t index, const memcg_ptr& m) {
    const auto at = i.i_mapping.i_pages.find(index);
    DRAINLAB_CHECK(at != i.i_mapping.i_pages.end());
    folio& f = at->second;
    if (f.writeback) f.redirtied = true;
    if (!f.dirty) {
        f.dirty = true;
        i.i_mapping.dirty.insert(index);
        inode_attach_wb(i, f.cg ? living_ancestor(f.cg) : m);
        ++i.i_wb->stat_reclaimable;
    }
}

task<> folio_mark_dirty(inode& i, pgoff_t index, const memcg_ptr& m) {
    folio_tag_dirty(i, index, m);
    return mark_inode_dirty(i, I_DIRTY_ALL);
}

bool folio_clear_dirty_for_io(inode& i, pgoff_t index) {
    const auto at = i.i_mapping.i_pages.find(index);
    if (at == i.i_mapping.i_pages.end() || !at->second.dirty) return false;
    at->second.dirty = false;
    at->second.redirtied = false;
    i.i_mapping.dirty.erase(index);
    --i.i_wb->stat_reclaimable;
    return true;
}

void folio_start_writeback(inode& i, pgoff_t index) {
    folio& f = i.i_mapping.i_pages.at(index);
    DRAINLAB_CHECK(!f.writeback);
    f.writeback = true;
    i.i_mapping.writeback.insert(index);
    ++i.i_wb->stat_writeback;
}

void folio_end_writeback(inode& i, pgoff_t index, int error) {
    folio& f = i.i_mapping.i_pages.at(index);
    DRAINLAB_CHECK(f.writeback);
    f.writeback = false;
    i.i_mapping.writeback.erase(index);
    --i.i_wb->stat_writeback;
    ++i.i_wb->stat_written;
    wb_update_bandwidth(*i.i_wb);
    if (error) {
        i.i_mapping.wb_err = -error;
        ++i.i_mapping.wb_err_seq;
    }
    if (i.i_mapping.writeback.empty()) i.i_sb->h.sched.wake_all(&i.i_mapping);
}

task<> filemap_fdatawait(inode& i) {
    while (!i.i_mapping.writeback.empty()) co_await i.i_sb->h.sched.wait_on(&i.i_mapping, "folio writeback");
}

task<> truncate_inode_pages(inode& i, pgoff_t first) {
    auto& m = i.i_mapping;
    while (m.writeback.lower_bound(first) != m.writeback.end())
        co_await i.i_sb->h.sched.wait_on(&m, "folio writeback before truncate");
    for (auto at = m.dirty.lower_bound(first); at != m.dirty.end(); at = m.dirty.erase(at)) --i.i_wb->stat_reclaimable;
    m.i_pages.erase_from(first);
}

}  // namespace drainlab::kernel
