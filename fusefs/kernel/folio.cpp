// The page cache's tags and their accounting to the owner's wb (mm/page-writeback.c, mm/filemap.c).
#include "fusefs/kernel/folio_range.hpp"
#include "fusefs/kernel/host.hpp"

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
    folio_tag_dirty(i, at->second, index, m);
}

void folio_tag_dirty(inode& i, folio& f, pgoff_t index, const memcg_ptr& m) {
    if (f.writeback) f.redirtied = true;
    if (f.dirty) return;
    f.dirty = true;
    i.i_mapping.dirty.insert(index);
    count(i, 0, 1, 0);
    if (!i.i_wb) inode_attach_wb(i, f.cg ? living_ancestor(f.cg) : m);
    ++i.i_wb->stat_reclaimable;
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

void folio_end_writeback(inode& i, pgoff_t index, int error) { folios_end_writeback(i, index, 1, error, false); }

void folios_start_writeback(inode& i, pgoff_t first, std::size_t n, writeback_control& wbc) {
    address_space& m = i.i_mapping;
    for (pgoff_t index = first; index < first + n; ++index) {
        folio& f = m.i_pages.at(index);
        DRAINLAB_CHECK(f.dirty && !f.writeback);
        wbc_account_cgroup_owner(wbc, f, page_size);
        f.dirty = f.redirtied = false;
        f.writeback = true;
        m.dirty.erase(index);
        m.writeback.insert(index);
    }
    const auto pages = static_cast<std::int64_t>(n);
    count(i, 0, -pages, pages);
    i.i_wb->stat_reclaimable -= pages;
    i.i_wb->stat_writeback += pages;
}

void folios_end_writeback(inode& i, pgoff_t first, std::size_t n, int error, bool drop) {
    address_space& m = i.i_mapping;
    bdi_writeback& wb = *i.i_wb;
    std::int64_t dropped = 0;
    for (pgoff_t index = first; index < first + n; ++index) {
        const auto at = m.i_pages.find(index);
        DRAINLAB_CHECK(at != m.i_pages.end() && at->second.writeback);
        at->second.writeback = false;
        m.writeback.erase(index);
        ++wb.stat_written;
        if (index == first) wb_update_bandwidth(wb);  // the clock stands still meanwhile
        if (error) mapping_set_error(m, -error);
        if (!drop || at->second.dirty) continue;
        m.i_pages.erase(at);
        ++dropped;
    }
    count(i, -dropped, 0, -static_cast<std::int64_t>(n));
    wb.stat_writeback -= static_cast<std::int64_t>(n);
    if (n > 0 && m.writeback.empty()) i.i_sb->h.sched.wake_all(&m);
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
