// Writes into the page cache, and the limit on dirty pages. Which way a write goes: write_way; what it may have to wait
// for: obstacle.
#include "fusefs/kernel/folio_range.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/sched/mark.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace drainlab::storage {

/// Whether the rest of the page is in the store, and not here.
bool page_cache::needs_fill(const file_data& f, const page_part& p) {
    const off_t begins = offset_of(p.index);
    if (begins >= f.size || p.whole()) return false;
    if (p.in == 0 && begins + static_cast<off_t>(p.n) >= f.size) return false;  // covers all there is
    const auto& pages = f.mapping().i_pages;
    const auto at = pages.find(p.index);
    return at == pages.end() || !at->second.data;
}

/// The caller marks the inode dirty.
void page_cache::put(file_write& w, const page_part& p) {
    file_data& f = w.f;
    const auto inode = f.inode.lock();
    auto& pages = inode->i_mapping.i_pages;
    const auto at = pages.find(p.index);
    kernel::folio& page = at != pages.end() ? at->second : kernel::folio_add(*inode, p.index, w.payer);
    if (!page.data) {
        page.data.reset(new std::byte[page_size]);
        if (!p.whole()) std::memset(page.data.get(), 0, page_size);
    }
    std::memcpy(page.data.get() + p.in, w.data(), p.n);
    page.uptodate = true;
    changed(f, p.index, p.index + 1);
    if (!f.holds_bytes) f.holds_bytes = holding_files_.take();
    w.advance(p.n);
    f.size = std::max(f.size, w.at());
    set_times(f);
    kernel::folio_tag_dirty(*inode, page, p.index, w.payer);
}

obstacle page_cache::put_pages(file_write& w) {
    while (w.left() > 0) {
        const page_part p = first_part(w.at(), w.left());
        if (needs_fill(w.f, p)) {
            if (!w.f.can_read()) return obstacle::store;
            if (!fill_now(w.f, p.index, 1, w.payer, w.error)) return obstacle::page;
            if (w.error) return obstacle::none;
        }
        try {
            put(w, p);
        } catch (const std::bad_alloc&) {
            if (w.done() == 0) throw;
            return obstacle::none;  // what was put counts
        }
    }
    return obstacle::none;
}

/// As far as it goes without waiting. Nobody else changes the file.
obstacle page_cache::go_on(file_write& w) {
    if (!need_fd_now(w.f, O_WRONLY, w.error)) return obstacle::descriptor;
    if (w.error) return obstacle::none;
    switch (way_of(w.left())) {
        case write_way::through: return store_now(w), obstacle::none;
        case write_way::cached: return put_pages(w);
        case write_way::direct: break;
    }
    return obstacle::room;
}

/// What a file may not hold is not written. False: that is all of it, or there is nothing to write.
bool page_cache::fits(file_write& w) const {
    if (w.at() >= largest_file) return w.error = EFBIG, false;
    w.shorten(std::min(w.left(), static_cast<std::size_t>(largest_file - w.at())));
    return w.left() > 0;
}

page_cache::next page_cache::try_write(file_write& w) {
    if (!fits(w)) return next::done;
    if (w.f.changing != change::none || !below_dirty_limit(w.f, w.left())) return next::wait;
    reclaim();
    w.before = go_on(w);
    if (w.before != obstacle::none) return next::wait;
    return w.done() > 0 && !kernel::inode_is_dirty(*w.f.inode.lock(), kernel::I_DIRTY_ALL) ? next::mark : next::done;
}

sched::task<> page_cache::write(file_write& w) {
    file_data& f = w.f;
    const auto inode = f.inode.lock();  // stays while we wait
    w.keep();
    if (w.before == obstacle::turn) {
        if (!fits(w)) co_return;
        co_await balance_dirty_pages(f);
        co_await free_to_change(f);
    }
    const change_lock lock{f, sched_};
    if (w.before == obstacle::turn) {
        reclaim();
        w.before = go_on(w);
    }
    for (;; w.before = go_on(w)) {
        if (w.done() > 0) co_await kernel::mark_inode_dirty(*inode, kernel::I_DIRTY_ALL);  // no wait before that
        switch (w.before) {
            case obstacle::turn:
            case obstacle::none: co_return;
            case obstacle::descriptor:
                sched::mark<"write: a descriptor is missing">();
                w.error = co_await need_fd(f, O_WRONLY);
                break;
            case obstacle::page:
                sched::mark<"write: a page has to be read">();
                w.error = co_await fill(f, page_of(w.at()), 1, w.payer);
                break;
            case obstacle::room:
                sched::mark<"write: room is not known">();
                co_await look_for_room();
                if (has_room(w.left())) break;
                [[fallthrough]];
            case obstacle::store: co_return co_await write_direct(w);
        }
        if (w.error) co_return;
    }
}

void page_cache::set_times(file_data& f) {
    f.mtime = f.ctime = io_.now();
    f.times_pending = true;
}

namespace {

sched::task<> flush_in_background(std::shared_ptr<kernel::super_block> sb, bool& running, const void* key) {
    co_await kernel::try_to_writeback_inodes_sb(*sb);
    running = false;
    sb->h.sched.wake_all(key);
}

}  // namespace

void page_cache::send_flusher(file_data& f) {
    if (std::exchange(background_running_, true)) return;
    const auto sb = f.inode.lock()->i_sb;
    sched_.spawn("flush:" + sb->s_id, flush_in_background(sb, background_running_, &counts_));
}

/// With so many bytes more. From half of the limit on, or where unsynced data is to be lost from all of it, the flusher
/// is sent.
bool page_cache::below_dirty_limit(file_data& f, std::size_t more) {
    const std::uint64_t then = dirty_bytes() + more;
    if (then > background_limit()) send_flusher(f);
    return then <= limits.dirty_bytes;
}

sched::task<> page_cache::balance_dirty_pages(file_data& f) {
    using namespace std::chrono_literals;
    while (!below_dirty_limit(f, 0)) {
        sched::mark<"write: too much is dirty">();
        co_await sched_.wait_on(&counts_, "dirty limit", sched_.now() + 200ms);
    }
}

}  // namespace drainlab::storage
