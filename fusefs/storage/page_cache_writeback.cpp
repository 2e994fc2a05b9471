// Dirty pages to the store.
#include "fusefs/kernel/host.hpp"
#include "fusefs/storage/page_cache.hpp"

#include <sys/stat.h>

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

constexpr std::size_t run_limit = 256;  // pages per store write: 1 MiB

timespec coarse_now() {
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &t);
    return t;
}

long write_all(int fd, const char* data, std::size_t size, off_t off) {
    for (std::size_t done = 0; done < size;) {
        const ssize_t n = ::pwrite(fd, data + done, size - done, off + static_cast<off_t>(done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? -errno : -EIO;
        done += static_cast<std::size_t>(n);
    }
    return static_cast<long>(size);
}

/// The next pages to write: adjacent dirty ones from `at` on, all with bytes of their own or all without. A page still under writeback by another round is waited for by nobody
/// here: it ends the run, and the round that has it is waited for by filemap_fdatawait().
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
    const int unreachable = f.holds_bytes ? need_fd(f, O_WRONLY) : 0;
    int error = 0;  // the first one; the pages after it are tried all the same
    for (pgoff_t next = wbc.first; wbc.nr_to_write > 0;) {
        const auto at = i.i_mapping.dirty.lower_bound(next);
        if (at == i.i_mapping.dirty.end() || *at > wbc.last) break;
        const pgoff_t first = *at;
        const std::size_t count = run_length(i.i_mapping, at, wbc.last);
        if (count == 0) {  // dirtied again under another round's hands
            if (!wbc.sync_all) {
                next = first + 1;
                continue;
            }
            co_await sched_.wait_on(&i.i_mapping, "folio writeback");
            continue;
        }
        for (std::size_t k = 0; k < count; ++k) {
            kernel::wbc_account_cgroup_owner(wbc, i.i_mapping.i_pages.at(first + k), page_size);
            kernel::folio_clear_dirty_for_io(i, first + k);
            kernel::folio_start_writeback(i, first + k);
        }
        wbc.nr_to_write -= static_cast<std::int64_t>(count);
        int err = -unreachable;
        if (!err) err = co_await write_run(f, i, first, count);
        end_run(f, i, first, count, err);
        if (!error) error = err;
        recount(f);
        sched_.wake_all(&dirty_pages_);
        next = first + count;
    }
    if (i.i_mapping.dirty.empty()) f.holds_bytes = false;
    if (f.times_pending && i.i_mapping.dirty.empty() && f.fd && !error) {
        // The write above has set it to now; the file changed when it was written to. Within one tick, and if nobody has
        // been told the time yet, that is the same.
        const timespec times[2] = {{0, UTIME_OMIT}, f.mtime}, now = coarse_now();
        const bool same = now.tv_sec == f.mtime.tv_sec && now.tv_nsec == f.mtime.tv_nsec;
        if (f.times_told || !same) ::futimens(f.fd->get(), times);
        f.times_told = false;
        f.times_pending = false;
    }
    if (f.opens == 0 && f.fd && i.i_mapping.dirty.empty() && i.i_mapping.writeback.empty()) {
        not_waiting(f);
        f.fd.reset();
    }
    co_return error;
}

/// Without a copy and without waiting: to a store in memory. As many bytes, or a negative errno.
long page_cache::write_now(file_data& f, kernel::inode& i, pgoff_t first, std::size_t size) {
    std::vector<iovec> iov;
    auto page = i.i_mapping.i_pages.find(first);
    for (std::size_t left = size; left > 0; ++page) {
        iov.push_back({page->second.data.get(), std::min<std::size_t>(left, page_size)});
        left -= iov.back().iov_len;
    }
    const auto off = static_cast<off_t>(first << kernel::page_shift);
    const ssize_t n = ::pwritev(f.fd->get(), iov.data(), static_cast<int>(iov.size()), off);
    if (n < 0) return -errno;
    for (auto done = static_cast<std::size_t>(n); done < size;) {  // cut short: the rest page by page, for the error
        const iovec& v = iov[done / page_size];
        const std::size_t in = done % page_size;
        const long rc = write_all(f.fd->get(), static_cast<const char*>(v.iov_base) + in, v.iov_len - in,
                                  off + static_cast<off_t>(done));
        if (rc < 0) return rc;
        done += v.iov_len - in;
    }
    return static_cast<long>(size);
}

/// Writes folios that are tagged WRITEBACK. 0 or a negative errno.
sched::task<int> page_cache::write_run(file_data& f, kernel::inode& i, pgoff_t first, std::size_t count) {
    const off_t off = static_cast<off_t>(first << kernel::page_shift);
    const off_t end = std::min<off_t>(f.size, off + static_cast<off_t>(count * page_size));
    const std::size_t size = end > off ? static_cast<std::size_t>(end - off) : 0;
    long rc = -fault(device_op::write, *f.owner);
    if (!i.i_mapping.i_pages.at(first).data) {
        if (!device.limits().unlimited()) co_await device.transfer(size);  // the store has the bytes: write_through()
    } else if (size && rc == 0 && store_.root().in_memory && device.limits().unlimited()) {
        rc = write_now(f, i, first, size);
    } else {
        // A copy: pages may be written to again meanwhile, and the pool's threads must not see that.
        const auto bytes = std::make_shared<std::string>();
        bytes->reserve(count * page_size);
        for (std::size_t k = 0; k < count; ++k)
            bytes->append(reinterpret_cast<const char*>(i.i_mapping.i_pages.at(first + k).data.get()), page_size);
        bytes->resize(size);
        co_await device.transfer(size);
        if (size && rc == 0) {
            std::function<long()> job = [bytes, fd = f.fd, off] {
                return write_all(fd->get(), bytes->data(), bytes->size(), off);
            };
            rc = co_await blocking(std::move(job), "store write");
        }
    }
    co_return rc < 0 ? static_cast<int>(rc) : 0;
}

/// Their writeback is over. As in the kernel, a page that could not be written is clean all the same: its file remembers the error.
void page_cache::end_run(file_data& f, kernel::inode& i, pgoff_t first, std::size_t count, int error) {
    for (std::size_t k = 0; k < count; ++k) {
        kernel::folio_end_writeback(i, first + k, error);
        const kernel::folio& page = i.i_mapping.i_pages.at(first + k);
        if (page.dirty) continue;
        if (mode == cache_mode::drop)
            kernel::folio_remove(i, first + k);
        else
            remember_clean(f, first + k);
    }
}

sched::task<int> page_cache::write_and_wait(file_data& f, off_t off, off_t size, kernel::memcg_ptr m) {
    const auto inode = f.inode.lock();
    const pgoff_t first = static_cast<pgoff_t>(off) >> kernel::page_shift;
    const pgoff_t last = size ? static_cast<pgoff_t>(off + size - 1) >> kernel::page_shift : ~pgoff_t{0};
    const int error = co_await kernel::filemap_fdatawrite_range(*inode, first, last, m);
    co_await kernel::filemap_fdatawait(*inode);
    co_return -error;
}

sched::task<int> page_cache::sync_store(file_data& f, bool data_only) {
    if (const int err = need_fd(f, O_RDONLY)) co_return err;
    long rc = 0;
    if (!store_.root().in_memory) {  // else nothing outlives it anyway
        std::function<long()> job = [fd = f.fd, data_only]() -> long {
            return (data_only ? ::fdatasync(fd->get()) : ::fsync(fd->get())) == 0 ? 0 : -errno;
        };
        rc = co_await lane_.run(std::move(job), "store fsync");
    }
    co_await device.flush();
    if (const int err = fault(device_op::fsync, *f.owner)) co_return err;
    co_return static_cast<int>(-rc);
}

}  // namespace drainlab::storage
