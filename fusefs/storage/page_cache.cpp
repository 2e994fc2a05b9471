// Bringing pages in: reads, and the reading that a partial write needs.
#include "fusefs/storage/page_cache.hpp"

#include "fusefs/kernel/host.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::storage {

using kernel::page_size;
using kernel::pgoff_t;

namespace {

constexpr std::size_t fill_batch = 256;  // pages: 1 MiB, the largest FUSE request

pgoff_t page_of(off_t off) { return static_cast<pgoff_t>(off) >> kernel::page_shift; }
off_t offset_of(pgoff_t index) { return static_cast<off_t>(index << kernel::page_shift); }

}  // namespace

/// Pages on their way in: read into memory of their own, so that nothing else is disturbed meanwhile.
struct page_cache::fill_buffers {
    fill_buffers(pgoff_t from, std::size_t count) : first{from}, pages(count), iov(count) {
        for (std::size_t k = 0; k < count; ++k) {
            pages[k].reset(new std::byte[page_size]);
            iov[k] = {pages[k].get(), page_size};
        }
    }
    long read(int fd, int flags) {
        const ssize_t n = ::preadv2(fd, iov.data(), static_cast<int>(iov.size()), offset_of(first), flags);
        return n < 0 ? -errno : n;
    }
    /// What lies beyond the store's end reads as zeros.
    void zero_from(std::size_t got) {
        for (std::size_t k = got / page_size; k < pages.size(); ++k) {
            const std::size_t keep = k == got / page_size ? got % page_size : 0;
            std::memset(pages[k].get() + keep, 0, page_size - keep);
        }
    }
    pgoff_t first;
    std::vector<std::unique_ptr<std::byte[]>> pages;
    std::vector<iovec> iov;
};

page_cache::page_cache(sched::scheduler& sched, directory_store& store, io_pool& pool)
    : device{sched}, sched_{sched}, store_{store}, lane_{pool} {}

int page_cache::fault(device_op op, const node& f, const char* name) {
    return device.errors.concerns(op) ? device.errors.strike(op, path_in_mount(f, name)) : 0;
}

int page_cache::need_fd(file_data& f, int flags) {
    const bool wants_write = (flags & O_ACCMODE) != O_RDONLY;
    if (f.fd && (f.writable || !wants_write)) return 0;
    unique_fd fd;
    if (const int err = store_.open_data(*f.owner, flags, fd)) return err;
    const int mode = ::fcntl(fd.get(), F_GETFL) & O_ACCMODE;
    f.readable = mode != O_WRONLY;
    f.writable = mode != O_RDONLY;
    f.fd = std::make_shared<unique_fd>(std::move(fd));
    return 0;
}

sched::task<long> page_cache::blocking(std::function<long()> job, std::string_view what) {
    if (store_.root().in_memory) co_return job();
    co_return co_await lane_.run(std::move(job), what);
}

void page_cache::take_in(file_data& f, fill_buffers& got, const kernel::memcg_ptr& m) {
    const auto inode = f.inode.lock();
    auto& pages = inode->i_mapping.i_pages;
    for (std::size_t k = 0; k < got.pages.size(); ++k) {
        const auto at = pages.find(got.first + k);
        if (at != pages.end()) {  // somebody else brought it in meanwhile, or only its owner was noted
            if (!at->second.data) at->second.data = std::move(got.pages[k]);
            continue;
        }
        kernel::folio& page = kernel::folio_add(*inode, got.first + k, m);
        page.data = std::move(got.pages[k]);
        page.uptodate = true;
        remember_clean(f, got.first + k);
    }
    recount(f);
}

bool page_cache::fill_now(file_data& f, pgoff_t first, std::size_t count, const kernel::memcg_ptr& m, int& err) {
    if (!device.limits().unlimited() || device.errors.concerns(device_op::read)) return false;  // fill() does it
    err = need_fd(f, O_RDONLY);
    if (err) return true;
    fill_buffers got{first, count};
    const long n = got.read(f.fd->get(), store_.root().in_memory ? 0 : RWF_NOWAIT);
    if (n == -EAGAIN || n == -EOPNOTSUPP) return false;
    if (n < 0) {
        err = static_cast<int>(-n);
        return true;
    }
    // Short with RWF_NOWAIT can mean "the rest is not in memory".
    if (!store_.root().in_memory && offset_of(first) + n < f.size && static_cast<std::size_t>(n) < count * page_size)
        return false;
    got.zero_from(static_cast<std::size_t>(n));
    take_in(f, got, m);
    return true;
}

sched::task<int> page_cache::fill(file_data& f, pgoff_t first, std::size_t count, kernel::memcg_ptr m) {
    int err = 0;
    if (fill_now(f, first, count, m, err)) co_return err;
    if (const int failed = need_fd(f, O_RDONLY)) co_return failed;
    const auto got = std::make_shared<fill_buffers>(first, count);
    co_await device.transfer(count * page_size);
    if (const int failed = fault(device_op::read, *f.owner)) co_return failed;
    if (const int failed = need_fd(f, O_RDONLY)) co_return failed;
    std::function<long()> job = [got, fd = f.fd] { return got->read(fd->get(), 0); };
    const long n = co_await blocking(std::move(job), "store read");
    if (n < 0) co_return static_cast<int>(-n);
    got->zero_from(static_cast<std::size_t>(n));
    take_in(f, *got, m);
    co_return 0;
}

void page_cache::charge_clean(file_data& f, pgoff_t first, pgoff_t stop, const kernel::memcg_ptr& m) {
    const auto inode = f.inode.lock();
    auto next = inode->i_mapping.i_pages.lower_bound(first);
    for (pgoff_t index = first; index < stop; ++index) {
        if (next != inode->i_mapping.i_pages.end() && next->first == index) {
            ++next;
            continue;
        }
        kernel::folio_add(*inode, index, m).uptodate = true;
        remember_clean(f, index);
    }
    recount(f);
}

/// The store's bytes, with what it does not have yet laid over them.
int page_cache::gather_through(file_data& f, off_t off, off_t end, std::vector<iovec>& out) {
    if (const int err = need_fd(f, O_RDONLY)) return err;
    const auto size = static_cast<std::size_t>(end - off);
    if (scratch_.size() < size) scratch_.resize(std::max(size, fill_batch * page_size));
    const ssize_t got = ::pread(f.fd->get(), scratch_.data(), size, off);
    if (got < 0) return errno;
    const auto had = static_cast<std::size_t>(got);
    if (had < size) std::memset(scratch_.data() + had, 0, size - had);
    const auto& pages = f.mapping().i_pages;
    for (auto at = pages.lower_bound(page_of(off)); at != pages.end() && offset_of(at->first) < end; ++at) {
        if (!at->second.data) continue;
        const off_t from = std::max(off, offset_of(at->first)), to = std::min(end, offset_of(at->first + 1));
        std::memcpy(scratch_.data() + (from - off), at->second.data.get() + (from - offset_of(at->first)),
                    static_cast<std::size_t>(to - from));
    }
    out.push_back({scratch_.data(), size});
    return 0;
}

int page_cache::gather(file_data& f, off_t off, std::size_t size, std::vector<iovec>& out) {
    const auto& pages = f.mapping().i_pages;
    const off_t begin = off, end = std::min<off_t>(f.size, off + static_cast<off_t>(size));
    auto at = pages.find(page_of(off));
    for (; off < end; ++at) {
        DRAINLAB_CHECK(at != pages.end() && at->first == page_of(off));
        if (!at->second.data) {
            out.clear();
            return gather_through(f, begin, end, out);
        }
        const std::size_t in = static_cast<std::size_t>(off) % page_size;
        const std::size_t n = std::min<std::size_t>(page_size - in, static_cast<std::size_t>(end - off));
        out.push_back({at->second.data.get() + in, n});
        off += static_cast<off_t>(n);
    }
    return 0;
}

namespace {

/// The first gap of [at, end) in the cache, at most one batch long; count 0 if there is none.
std::pair<pgoff_t, std::size_t> next_gap(const kernel::address_space& m, pgoff_t at, pgoff_t end) {
    auto page = m.i_pages.lower_bound(at);
    while (at < end && page != m.i_pages.end() && page->first == at) ++at, ++page;
    if (at >= end) return {at, 0};
    const pgoff_t stop = page == m.i_pages.end() ? end : std::min(end, page->first);
    return {at, std::min<std::size_t>(stop - at, fill_batch)};
}

}  // namespace

bool page_cache::try_read(file_data& f, off_t off, std::size_t size, const kernel::memcg_ptr& m,
                          std::vector<iovec>& out) {
    const off_t end = std::min<off_t>(f.size, off + static_cast<off_t>(size));
    if (off >= end) return true;
    reclaim();
    const auto inode = f.inode.lock();
    if (reads_through() && device.limits().unlimited() && !device.errors.concerns(device_op::read)) {
        charge_clean(f, page_of(off), page_of(end - 1) + 1, m);
        return gather(f, off, size, out) == 0;  // read() tells the error
    }
    for (pgoff_t at = page_of(off), stop = page_of(end - 1) + 1;;) {
        const auto [gap, count] = next_gap(inode->i_mapping, at, stop);
        if (count == 0) break;
        int err = 0;
        if (!fill_now(f, gap, count, m, err) || err) return false;  // read() tells the error
        at = gap + count;
    }
    return gather(f, off, size, out) == 0;
}

sched::task<int> page_cache::read(file_data& f, off_t off, std::size_t size, kernel::memcg_ptr m,
                                  std::vector<iovec>& out) {
    const auto inode = f.inode.lock();
    reclaim();
    for (;;) {
        const off_t end = std::min<off_t>(f.size, off + static_cast<off_t>(size));
        if (off >= end) co_return 0;
        const auto [gap, count] = next_gap(inode->i_mapping, page_of(off), page_of(end - 1) + 1);
        if (count == 0) break;
        // After the wait we look again from the start: pages found before may have gone meanwhile.
        if (const int err = co_await fill(f, gap, count, m)) co_return err;
    }
    co_return gather(f, off, size, out);
}

void page_cache::remember_clean(file_data& f, pgoff_t index) { clean_.emplace_back(f.inode, index); }

void page_cache::recount(file_data& f) {
    const kernel::address_space& m = f.mapping();
    dirty_pages_ += m.dirty.size() + m.writeback.size() - f.counted_dirty;
    cached_pages_ += m.i_pages.size() - f.counted_pages;
    f.counted_dirty = m.dirty.size() + m.writeback.size();
    f.counted_pages = m.i_pages.size();
}

void page_cache::closed(file_data& f) {
    constexpr std::size_t most_waiting = 128;  // descriptors
    if (f.counted_dirty == 0 || !f.holds_bytes) {
        f.fd.reset();
        return;
    }
    f.waits_closed = true;
    if (++closed_waiting_ > most_waiting) send_flusher(f);
}

void page_cache::forget(file_data& f) {
    not_waiting(f);
    dirty_pages_ -= f.counted_dirty;
    cached_pages_ -= f.counted_pages;
    f.counted_dirty = f.counted_pages = 0;
    sched_.wake_all(&dirty_pages_);
}

void page_cache::reclaim() {
    const auto limit = limits.cache_bytes / page_size;
    // Entries of pages that went some other way are many under --page-cache drop: they cost memory, so they go too.
    while (!clean_.empty() && (cached_pages_ > limit || clean_.size() > 2 * limit)) {
        const auto [weak, index] = std::move(clean_.front());
        clean_.pop_front();
        const auto inode = weak.lock();
        if (!inode || cached_pages_ <= limit) continue;
        if (kernel::folio_remove(*inode, index)) recount(*static_cast<file_data*>(inode->fs_private.get()));
    }
}

void page_cache::invalidate(file_data& f, off_t off, off_t size) {
    const auto inode = f.inode.lock();
    auto& pages = inode->i_mapping.i_pages;
    const pgoff_t stop = size ? page_of(off + size - 1) + 1 : ~pgoff_t{0};
    for (auto at = pages.lower_bound(page_of(off)); at != pages.end() && at->first < stop;) {
        const pgoff_t index = at->first;
        ++at;
        kernel::folio_remove(*inode, index);
    }
    recount(f);
}

}  // namespace drainlab::storage
