// Dirty pages to the store.
#include "fusefs/kernel/folio_range.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/sched/mark.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace drainlab::storage {

namespace {

struct written_run {
    timespec ctime{};
    off_t size{};
};

constexpr std::size_t run_limit = 256;  // pages per store write: 1 MiB

/// The next pages to write: adjacent dirty ones from `at` on, all with bytes of their own or all without. A page still
/// under writeback by another round is waited for by nobody here: it ends the run, and the round that has it is waited
/// for by filemap_fdatawait().
std::size_t run_length(const kernel::address_space& m, kernel::page_set::iterator at, pgoff_t last) {
    std::size_t n = 0;
    const bool stored = !m.i_pages.at(*at).data;
    for (pgoff_t expected = *at; at != m.dirty.end() && *at == expected && *at <= last && n < run_limit;
         ++at, ++expected, ++n) {
        const kernel::folio& page = m.i_pages.at(*at);
        if (page.writeback || !page.data != stored) break;
    }
    return n;
}

}  // namespace

sched::task<int> page_cache::writepages(kernel::inode& i, kernel::writeback_control& wbc) {
    const auto keep = std::static_pointer_cast<file_data>(i.fs_private);
    if (!keep || i.i_mapping.dirty.empty()) co_return 0;
    file_data& f = *keep;
    const bool unasked = lose_unsynced && !wbc.sync_all;
    if (unasked && dirty_bytes() <= limits.dirty_bytes) co_return 0;
    const bool somebody_is_told = wbc.sync_all && !wbc.for_sync;  // an fsync, or a call that writes first
    int unreachable = 0;
    if (f.holds_bytes) unreachable = co_await need_fd(f, O_WRONLY);
    int error = 0;  // the first one; the pages after it are tried all the same
    for (pgoff_t next = wbc.first; wbc.nr_to_write > 0;) {
        co_await while_end_moves(f);
        const auto at = i.i_mapping.dirty.lower_bound(next);
        if (at == i.i_mapping.dirty.end() || *at > wbc.last) break;
        const pgoff_t first = *at;
        const std::size_t count = run_length(i.i_mapping, at, wbc.last);
        if (count == 0) {  // dirtied again under another round's hands
            sched::mark<"writeback: another round has the page">();
            if (!wbc.sync_all) {
                next = first + 1;
                continue;
            }
            co_await sched_.wait_on(&i.i_mapping, "folio writeback");
            continue;
        }
        kernel::folios_start_writeback(i, first, count, wbc);
        wbc.nr_to_write -= static_cast<std::int64_t>(count);
        if (unasked) unsynced_.early_bytes += count * page_size;
        int err = -unreachable;
        if (!err) err = co_await write_run(f, i, first, count);
        end_run(f, i, first, count, err);
        if (err && !somebody_is_told) lose(f, i, count * page_size, -err);
        if (!error) error = err;
        tell_less_dirty();
        next = first + count;
    }
    co_await after_writepages(f, i, error);
    co_return error;
}

/// Whether the store still has what was written through: a promise that is checked, not believed. 0 or an errno.
int page_cache::check_stored(file_data& f, pgoff_t first, std::size_t size) const {
    if (!calls_.at_once() || size == 0) return 0;
    struct stat st {};
    const off_t end = offset_of(first) + static_cast<off_t>(size);
    if (f.fd) {
        if (const int rc = io_.fstat(f.fd->get(), st)) return -rc;
    } else if (const int err = calls_.store().getattr(*f.owner, st)) {
        return err == ESTALE ? 0 : err;  // no name is left, and nobody has it open
    }
    return st.st_size >= end ? 0 : EIO;
}

/// Writes folios that are tagged WRITEBACK. 0 or a negative errno.
sched::task<int> page_cache::write_run(file_data& f, kernel::inode& i, pgoff_t first, std::size_t count) {
    const off_t off = offset_of(first);
    const off_t end = std::min<off_t>(f.size, off + static_cast<off_t>(count * page_size));
    const std::size_t size = end > off ? static_cast<std::size_t>(end - off) : 0;
    if (device.errors.concerns(device_op::write))
        if (const int err = co_await fault(device_op::write, *f.owner)) co_return -err;
    if (!i.i_mapping.i_pages.at(first).data) {  // the store has the bytes: store_now(), write_direct()
        if (!device.limits().unlimited()) co_await device.transfer(size);
        co_return -check_stored(f, first, size);
    }
    if (size == 0) co_return 0;
    co_await device.transfer(size);
    if (const int err = co_await need_fd(f, O_WRONLY)) co_return -err;
    // A copy: pages may be written to again meanwhile, and the store's threads must not see that.
    const auto bytes = std::make_shared<std::string>();
    bytes->reserve(count * page_size);
    for (std::size_t k = 0; k < count; ++k)
        bytes->append(reinterpret_cast<const char*>(i.i_mapping.i_pages.at(first + k).data.get()), page_size);
    bytes->resize(size);
    f.writing_back = true;
    auto write_call = calls_.data<written_run>(
        "write",
        [bytes, fd = f.fd, io = &io_, off](written_run& out) {
            int err = 0;
            io->write_all(fd->get(), bytes->data(), bytes->size(), off, err);
            struct stat st {};
            if (io->fstat(fd->get(), st) == 0) out = {st.st_ctim, st.st_size};
            return err;
        },
        f.path.c_str());
    const auto rc = co_await write_call;
    f.writing_back = false;
    ++f.owner->changes;
    f.store_ctime = rc.out.ctime;
    co_return -rc.err;
}

/// Their writeback is over. As in the kernel, a page that could not be written is clean all the same: its file
/// remembers the error.
void page_cache::end_run(file_data& f, kernel::inode& i, pgoff_t first, std::size_t count, int error) {
    kernel::folios_end_writeback(i, first, count, error, mode == cache_mode::drop);
    if (mode == cache_mode::drop) return;
    for (std::size_t k = 0; k < count; ++k)
        if (!i.i_mapping.i_pages.at(first + k).dirty) remember_clean(f, first + k);
}

sched::task<int> page_cache::write_and_wait(file_data& f, off_t off, off_t size, kernel::memcg_ptr m) {
    const auto inode = f.inode.lock();
    const pgoff_t first = page_of(off);
    const pgoff_t last = size ? page_of(off + size - 1) : ~pgoff_t{0};
    const int error = co_await kernel::filemap_fdatawrite_range(*inode, first, last, m);
    co_await kernel::filemap_fdatawait(*inode);
    co_return -error;
}

sched::task<int> page_cache::sync_store(file_data& f, bool data_only) {
    if (const int err = co_await need_fd(f, O_RDONLY)) co_return err;
    int rc = 0;
    auto fsync_call = calls_.data(
        "fsync", [fd = f.fd, io = &io_, data_only](nothing&) { return -io->fsync(fd->get(), data_only); },
        f.path.c_str());
    if (!calls_.at_once())  // else nothing outlives it anyway
        rc = (co_await fsync_call).err;
    co_await device.flush();
    if (device.errors.concerns(device_op::fsync))
        if (const int err = co_await fault(device_op::fsync, *f.owner)) co_return err;
    co_return rc;
}

}  // namespace drainlab::storage
