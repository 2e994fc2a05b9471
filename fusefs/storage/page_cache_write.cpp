// Writes, truncation, and the limit on dirty pages.
#include "fusefs/kernel/host.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

namespace drainlab::storage {

using kernel::page_size;
using kernel::pgoff_t;

namespace {

/// One page's part of a write.
struct piece {
    pgoff_t index;
    std::size_t in, n;
};
pgoff_t page_of(off_t off) { return static_cast<pgoff_t>(off) >> kernel::page_shift; }
piece piece_at(off_t off, std::size_t left) {
    const std::size_t in = static_cast<std::size_t>(off) % page_size;
    return {static_cast<pgoff_t>(off) >> kernel::page_shift, in, std::min(page_size - in, left)};
}

timespec coarse_now() {
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &t);  // what the store's kernel stamps its inodes with
    return t;
}

bool surely_dirty(const kernel::inode& i) {
    return (i.i_state & kernel::I_DIRTY_ALL) == kernel::I_DIRTY_ALL && i.on_list != kernel::io_list::none &&
           i.on_list != kernel::io_list::b_attached;
}

}  // namespace

bool page_cache::needs_fill(const file_data& f, pgoff_t index, std::size_t in, std::size_t n) const {
    const off_t begins = static_cast<off_t>(index << kernel::page_shift);
    if (begins >= f.size || n == page_size) return false;
    if (in == 0 && begins + static_cast<off_t>(n) >= f.size) return false;  // covers all there is
    const auto& pages = f.mapping().i_pages;
    const auto at = pages.find(index);
    return at == pages.end() || !at->second.data;
}

/// The caller marks the inode dirty.
void page_cache::put(file_data& f, pgoff_t index, std::size_t in, const char* data, std::size_t n,
                     const kernel::memcg_ptr& m) {
    const auto inode = f.inode.lock();
    auto& pages = inode->i_mapping.i_pages;
    const auto at = pages.find(index);
    kernel::folio& page = at != pages.end() ? at->second : kernel::folio_add(*inode, index, m);
    if (!page.data) {
        page.data.reset(new std::byte[page_size]);
        if (n < page_size) std::memset(page.data.get(), 0, page_size);
    }
    std::memcpy(page.data.get() + in, data, n);
    page.uptodate = true;
    f.holds_bytes = true;
    f.size = std::max(f.size, static_cast<off_t>((index << kernel::page_shift) + in + n));
    set_times(f);
    kernel::folio_tag_dirty(*inode, index, m);
    recount(f);
}

void page_cache::set_times(file_data& f) {
    f.mtime = f.ctime = coarse_now();
    f.times_pending = true;
}

/// The bytes go to the store at once; the pages note who pays and that writeback is due.
/// @return bytes written, a negative errno, or 0: not for these pages.
long page_cache::write_through(file_data& f, const char* data, std::size_t size, off_t off,
                               const kernel::memcg_ptr& m) {
    if (!writes_through()) return 0;
    const auto inode = f.inode.lock();
    auto& pages = inode->i_mapping.i_pages;
    const pgoff_t first = page_of(off), last = page_of(off + static_cast<off_t>(size) - 1);
    for (auto at = pages.lower_bound(first); at != pages.end() && at->first <= last; ++at)
        if (at->second.data) return 0;
    const ssize_t n = ::pwrite(f.fd->get(), data, size, off);
    if (n <= 0) return n < 0 ? -errno : -EIO;
    for (pgoff_t index = first; index <= page_of(off + n - 1); ++index) {
        if (!pages.contains(index)) kernel::folio_add(*inode, index, m).uptodate = true;
        kernel::folio_tag_dirty(*inode, index, m);
    }
    f.size = std::max(f.size, off + static_cast<off_t>(n));
    if (f.times_pending) set_times(f);
    recount(f);
    return n;
}

page_cache::outcome page_cache::try_write(file_data& f, const char* data, std::size_t size, off_t off,
                                          const kernel::memcg_ptr& m, long& result) {
    const auto inode = f.inode.lock();
    if (size == 0 || dirty_bytes() + size > limits.dirty_bytes || need_fd(f, O_WRONLY) != 0) return outcome::no;
    const outcome written = surely_dirty(*inode) ? outcome::done : outcome::to_mark;
    reclaim();
    if (dirty_bytes() + size > limits.dirty_bytes / 2) send_flusher(f);
    result = write_through(f, data, size, off, m);
    if (result) return result > 0 ? written : outcome::done;
    result = static_cast<long>(size);
    const off_t end = off + static_cast<off_t>(size);
    for (off_t at = off; at < end;) {
        const piece p = piece_at(at, static_cast<std::size_t>(end - at));
        int err = 0;
        if (needs_fill(f, p.index, p.in, p.n) && (!fill_now(f, p.index, 1, m, err) || err)) return outcome::no;
        at += static_cast<off_t>(p.n);
    }
    for (off_t at = off; at < end;) {
        const piece p = piece_at(at, static_cast<std::size_t>(end - at));
        put(f, p.index, p.in, data, p.n, m);
        data += p.n;
        at += static_cast<off_t>(p.n);
    }
    return written;
}

sched::task<int> page_cache::write(file_data& f, std::string data, off_t off, kernel::memcg_ptr m,
                                   std::size_t& written) {
    written = 0;
    const auto inode = f.inode.lock();  // stays while we wait
    if (const int err = need_fd(f, O_WRONLY)) co_return err;
    co_await balance_dirty_pages(f);
    reclaim();
    while (written < data.size()) {
        const piece p = piece_at(off + static_cast<off_t>(written), data.size() - written);
        const char* const from = data.data() + written;
        if (needs_fill(f, p.index, p.in, p.n)) {
            if (!f.readable) {  // a write-only file of a daemon without privilege: nothing can be brought in
                if (const int err = co_await write_around(f, from, p.n, off + static_cast<off_t>(written)))
                    co_return err;
                written += p.n;
                continue;
            }
            if (const int err = co_await fill(f, p.index, 1, m)) co_return err;
            continue;  // look again: things may have changed meanwhile
        }
        put(f, p.index, p.in, from, p.n, m);
        co_await kernel::mark_inode_dirty(*inode, kernel::I_DIRTY_ALL);
        written += p.n;
    }
    co_return 0;
}

sched::task<int> page_cache::write_around(file_data& f, const char* data, std::size_t n, off_t off) {
    std::function<long()> job = [fd = f.fd, bytes = std::string(data, n), off]() -> long {
        const ssize_t done = ::pwrite(fd->get(), bytes.data(), bytes.size(), off);
        return done < 0 ? -errno : done;
    };
    co_await device.transfer(n);
    if (const int err = fault(device_op::write, *f.owner)) co_return err;
    const long done = co_await blocking(std::move(job), "store write");
    if (done < 0) co_return static_cast<int>(-done);
    f.size = std::max(f.size, off + static_cast<off_t>(n));
    co_return 0;
}

sched::task<int> page_cache::truncate(file_data& f, off_t size) {
    if (const int err = need_fd(f, O_WRONLY)) co_return err;
    const auto inode = f.inode.lock();
    const off_t before = f.size;
    f.size = size;
    const auto partial = static_cast<pgoff_t>(size) >> kernel::page_shift;
    const std::size_t keep = static_cast<std::size_t>(size) % page_size;
    if (size < before) {
        co_await kernel::truncate_inode_pages(*inode, partial + (keep ? 1 : 0));
        recount(f);
        while (inode->i_mapping.writeback.contains(partial)) co_await kernel::filemap_fdatawait(*inode);
        const auto at = inode->i_mapping.i_pages.find(partial);
        if (keep && at != inode->i_mapping.i_pages.end() && at->second.data)
            std::memset(at->second.data.get() + keep, 0, page_size - keep);
    }
    std::function<long()> job = [fd = f.fd, size]() -> long { return ::ftruncate(fd->get(), size) == 0 ? 0 : -errno; };
    const long rc = co_await blocking(std::move(job), "store truncate");
    if (rc < 0) {
        f.size = before;
        co_return static_cast<int>(-rc);
    }
    if (f.times_pending) set_times(f);
    co_return 0;
}

namespace {

/// try_to_writeback_inodes_sb(): sends the flushers of all wbs with dirty inodes of `sb`, and waits for them.
sched::task<> writeback_inodes_sb(std::shared_ptr<kernel::super_block> sb) {
    const auto shared = sb->s_umount.try_read();
    if (!shared) co_return;  // on its way out: its own sync does it
    std::list<kernel::wb_writeback_work> works;
    for (kernel::bdi_writeback* wb : sb->s_bdi.wb_list) {
        if (!wb->has_dirty_io() || wb->released) continue;
        auto& work = works.emplace_back(kernel::wb_writeback_work{sb.get(), false, false, false});
        wb->work_list.push_back(&work);
        kernel::wb_wakeup(*wb);
    }
    for (auto& work : works)
        while (!work.done) co_await sb->h.sched.wait_on(&work, "writeback of a wb");
}

sched::task<> flush_in_background(std::shared_ptr<kernel::super_block> sb, bool& running, const std::uint64_t& key) {
    co_await writeback_inodes_sb(sb);
    running = false;
    sb->h.sched.wake_all(&key);
}

}  // namespace

void page_cache::send_flusher(file_data& f) {
    if (std::exchange(background_running_, true)) return;
    const auto sb = f.inode.lock()->i_sb;
    sched_.spawn("flush:" + sb->s_id, flush_in_background(sb, background_running_, dirty_pages_));
}

sched::task<> page_cache::balance_dirty_pages(file_data& f) {
    for (;;) {
        if (dirty_bytes() <= limits.dirty_bytes / 2) co_return;
        send_flusher(f);
        if (dirty_bytes() <= limits.dirty_bytes) co_return;
        using namespace std::chrono_literals;
        co_await sched_.wait_on(&dirty_pages_, "dirty limit", sched_.now() + 200ms);
    }
}

}  // namespace drainlab::storage
