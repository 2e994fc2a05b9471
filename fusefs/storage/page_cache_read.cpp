// Bringing pages in: reads, and the reading that a partial write needs.
#include "fusefs/kernel/host.hpp"
#include "fusefs/sched/mark.hpp"
#include "fusefs/storage/fill_buffers.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace drainlab::storage {

namespace {

constexpr std::size_t fill_batch = 256;  // pages: 1 MiB, the largest FUSE request

}  // namespace

void page_cache::take_in(file_data& f, fill_buffers& got, const kernel::memcg_ptr& m) {
    const auto inode = f.inode.lock();
    auto& pages = inode->i_mapping.i_pages;
    for (std::size_t k = 0; k < got.pages.size(); ++k) {
        if (got.stale[k]) {
            sched::mark<"read: a page from the store is old">();
            continue;
        }
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
}

bool page_cache::fill_now(file_data& f, pgoff_t first, std::size_t count, const kernel::memcg_ptr& m, int& err) {
    if (!reads_through()) return false;  // fill() does it
    if (!need_fd_now(f, O_RDONLY, err) || err) return true;
    fill_buffers got{first, count};
    err = got.read(io_, f.fd->get());
    if (!err) take_in(f, got, m);
    return true;
}

sched::task<int> page_cache::fill(file_data& f, pgoff_t first, std::size_t count, kernel::memcg_ptr m) {
    int err = 0;
    if (fill_now(f, first, count, m, err)) co_return err;
    co_await device.transfer(count * page_size);
    if (const int failed = co_await fault(device_op::read, *f.owner)) co_return failed;
    if (const int failed = co_await need_fd(f, O_RDONLY)) co_return failed;
    const auto got = std::make_shared<fill_buffers>(first, count);
    auto read_call = calls_.data(
        "read", [got, fd = f.fd, io = &io_](nothing&) { return got->read(*io, fd->get()); }, f.path.c_str());
    struct under_way {
        under_way(file_data& of, fill_buffers& b) : f{of}, at{f.fills.insert(f.fills.end(), &b)} {}
        ~under_way() { f.fills.erase(at); }
        file_data& f;
        std::list<fill_buffers*>::iterator at;
    } const listening{f, *got};
    const auto rc = co_await read_call;
    if (rc.err) co_return rc.err;
    take_in(f, *got, m);
    co_return 0;
}

/// Notes who pays, and no more: the bytes are read from the store.
void page_cache::charge_clean(file_data& f, off_t off, std::size_t size, const kernel::memcg_ptr& m) {
    const off_t end = std::min<off_t>(f.size, off + static_cast<off_t>(size));
    if (off >= end) return;
    const auto inode = f.inode.lock();
    auto next = inode->i_mapping.i_pages.lower_bound(page_of(off));
    for (pgoff_t index = page_of(off); index <= page_of(end - 1); ++index) {
        if (next != inode->i_mapping.i_pages.end() && next->first == index) {
            ++next;
            continue;
        }
        kernel::folio_add(*inode, index, m).uptodate = true;
        remember_clean(f, index);
    }
}

/// The store's bytes, with what it does not have yet laid over them.
int page_cache::gather_through(file_data& f, off_t off, off_t end, std::vector<iovec>& out) {
    int err = 0;
    DRAINLAB_CHECK(need_fd_now(f, O_RDONLY, err));
    if (err) return err;
    const auto size = static_cast<std::size_t>(end - off);
    const std::size_t needs = (size + page_size - 1) / page_size;
    if (scratch_.size() < needs) scratch_.resize(std::max(needs, fill_batch));
    std::byte* const bytes = scratch_.front().bytes;
    const std::size_t had = io_.read_all(f.fd->get(), bytes, size, off, err);
    if (err) return err;
    f.atime_due = false;
    if (had < size) std::memset(bytes + had, 0, size - had);
    const auto& pages = f.mapping().i_pages;
    for (auto at = pages.lower_bound(page_of(off)); at != pages.end() && offset_of(at->first) < end; ++at) {
        if (!at->second.data) continue;
        const off_t from = std::max(off, offset_of(at->first)), to = std::min(end, offset_of(at->first + 1));
        std::memcpy(bytes + (from - off), at->second.data.get() + (from - offset_of(at->first)),
                    static_cast<std::size_t>(to - from));
    }
    out.push_back({bytes, size});
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
        f.atime_due = true;
        const std::size_t in = offset_in_page(off);
        const std::size_t n = std::min<std::size_t>(page_size - in, static_cast<std::size_t>(end - off));
        out.push_back({at->second.data.get() + in, n});
        off += static_cast<off_t>(n);
    }
    return 0;
}

/// The first gap of [at, end), at most one batch long. A page without bytes of its own is one where `bytes` are needed.
page_cache::gap page_cache::first_gap(const kernel::address_space& m, pgoff_t at, pgoff_t end, bool bytes) {
    auto page = m.i_pages.lower_bound(at);
    const auto good = [&](pgoff_t index) {
        return page != m.i_pages.end() && page->first == index && (!bytes || page->second.data);
    };
    while (at < end && good(at)) ++at, ++page;
    pgoff_t stop = at;
    while (stop < end && stop - at < fill_batch && !good(stop)) {
        if (page != m.i_pages.end() && page->first == stop) ++page;
        ++stop;
    }
    return {at, static_cast<std::size_t>(stop - at)};
}

page_cache::gap page_cache::lacks(const file_data& f, off_t off, std::size_t size, bool bytes) const {
    const off_t end = std::min<off_t>(f.size, off + static_cast<off_t>(size));
    if (off >= end) return {};
    return first_gap(f.mapping(), page_of(off), page_of(end - 1) + 1, bytes);
}

bool page_cache::read_brings_in(const file_data& f, off_t off, std::size_t size) {
    reclaim();  // what goes now is not there for the read
    return lacks(f, off, size, false).count != 0;
}

bool page_cache::write_brings_in(const file_data& f, off_t off, std::size_t size) {
    reclaim();
    const off_t end = off + static_cast<off_t>(size);
    return size > 0 && first_gap(f.mapping(), page_of(off), page_of(end - 1) + 1, false).count != 0;
}

bool page_cache::try_read(file_data& f, off_t off, std::size_t size, const kernel::memcg_ptr& m,
                          std::vector<iovec>& out) {
    reclaim();
    if (reads_through())
        charge_clean(f, off, size, m);
    else if (lacks(f, off, size, !calls_.at_once()).count != 0)
        return false;
    return gather(f, off, size, out) == 0;  // read() tells the error
}

sched::task<int> page_cache::read(file_data& f, off_t off, std::size_t size, kernel::memcg_ptr m,
                                  std::vector<iovec>& out) {
    const auto inode = f.inode.lock();
    reclaim();
    // After a wait we look again from the start: pages found before may have gone meanwhile.
    const bool bytes = !calls_.at_once();
    for (gap g = lacks(f, off, size, bytes); g.count != 0; g = lacks(f, off, size, bytes))
        if (const int err = co_await fill(f, g.first, g.count, m)) co_return err;
    co_return gather(f, off, size, out);
}

sched::task<> page_cache::settle_atime(file_data& f) {
    if (!std::exchange(f.atime_due, false) || !f.can_read()) co_return;
    auto read_call = calls_.data(
        "read",
        [fd = f.fd, io = &io_](nothing&) {
            char byte{};
            const iovec one{&byte, 1};
            return static_cast<int>(std::min<ssize_t>(0, io->preadv(fd->get(), &one, 1, 0)));
        },
        f.path.c_str());
    const auto rc = co_await read_call;
    if (rc.err) ++silent_failures_;  // the bytes were right; only their time is not
}

}  // namespace drainlab::storage
