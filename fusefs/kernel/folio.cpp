// The page cache's tags and their accounting to the owner's wb (mm/page-writeback.c, mm/filemap.c).
#include "fusefs/kernel/host.hpp"
#include "fusefs/kernel/writeback.hpp"

namespace drainlab::kernel {

namespace {

void count(const inode& i, std::int64_t pages, std::int64_t dirty, std::int64_t writeback) {
    if (page_counts* const counts = i.i_sb->counts) counts->add(pages, dirty, writeback);
}

}  // namespace

folio& folio_add(inode& i, pgoff_t index, const memcg_ptr& m) {
    const auto [at, added] = i.i_mapping.i_pages.try_emplace(index);
    DRAINLAB_CHECK(added);
    at->second.cg = living_ancestor(m ? m : i.i_sb->h.root_memcg);
    count(i, 1, 0, 0);
    return at->second;
}

bool folio_remove(inode& i, pgoff_t index) {
    const auto at = i.i_mapping.i_pages.find(index);
    if (at == i.i_mapping.i_pages.end() || at->second.dirty || at->second.writeback) return false;
    i.i_mapping.i_pages.erase(at);
    count(i, -1, 0, 0);
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
        count(i, 0, 1, 0);
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
    count(i, 0, -1, 0);
    --i.i_wb->stat_reclaimable;
    return true;
}

void folio_start_writeback(inode& i, pgoff_t index) {
    folio& f = i.i_mapping.i_pages.at(index);
    DRAINLAB_CHECK(!f.writeback);
    f.writeback = true;
    i.i_mapping.writeback.insert(index);
    count(i, 0, 0, 1);
    ++i.i_wb->stat_writeback;
}

void folio_end_writeback(inode& i, pgoff_t index, int error) {
    folio& f = i.i_mapping.i_pages.at(index);
    DRAINLAB_CHECK(f.writeback);
    f.writeback = false;
    i.i_mapping.writeback.erase(index);
    count(i, 0, 0, -1);
    --i.i_wb->stat_writeback;
    ++i.i_wb->stat_written;
    wb_update_bandwidth(*i.i_wb);
    if (error) mapping_set_error(i.i_mapping, -error);
    if (i.i_mapping.writeback.empty()) i.i_sb->h.sched.wake_all(&i.i_mapping);
}

task<> filemap_fdatawait(inode& i) {
    while (!i.i_mapping.writeback.empty()) co_await i.i_sb->h.sched.wait_on(&i.i_mapping, "folio writeback");
}

task<> truncate_inode_pages(inode& i, pgoff_t first) {
    auto& m = i.i_mapping;
    while (m.writeback.lower_bound(first) != m.writeback.end())
        co_await i.i_sb->h.sched.wait_on(&m, "folio writeback before truncate");
    const std::size_t pages = m.i_pages.size(), dirty = m.dirty.size();
    for (auto at = m.dirty.lower_bound(first); at != m.dirty.end(); at = m.dirty.erase(at)) --i.i_wb->stat_reclaimable;
    m.i_pages.erase_from(first);
    count(i, -static_cast<std::int64_t>(pages - m.i_pages.size()), -static_cast<std::int64_t>(dirty - m.dirty.size()),
          0);
}

}  // namespace drainlab::kernel
