// Calls on ranges of a file: fsync, fallocate, SEEK_HOLE, copy_file_range. Where the store has to know what the page cache knows,
// the range is written first.
#include "fusefs/storage/filesystem.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::storage {

sched::task<int> filesystem::fsync(node& f, bool data_only, kernel::memcg_ptr m) {
    if (!f.data) co_return 0;
    const auto d = f.data;
    const int err = co_await cache_->write_and_wait(*d, 0, 0, m);
    const int synced = co_await cache_->sync_store(*d, data_only);
    co_return err ? err : synced;
}

sched::task<int> filesystem::fsync_directory(node& f) {
    unique_fd fd;
    if (const int err = store_->open_directory(f, fd)) co_return err;
    const auto shared = std::make_shared<unique_fd>(std::move(fd));
    std::function<long()> job = [shared]() -> long { return ::fsync(shared->get()) == 0 ? 0 : -errno; };
    const long rc = co_await cache_->blocking(std::move(job), "store fsync");
    co_await cache_->device.flush();
    if (const int err = fault(device_op::fsync, f)) co_return err;
    co_return static_cast<int>(-rc);
}

sched::task<int> filesystem::fallocate(node& f, int mode, off_t off, off_t length, kernel::memcg_ptr m) {
    if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) co_return EOPNOTSUPP;  // as the kernel's FUSE says
    const auto d = f.data;
    if (const int err = co_await cache_->write_and_wait(*d, off, length, m)) co_return err;
    if (const int err = cache_->need_fd(*d, O_WRONLY)) co_return err;
    cache_->invalidate(*d, off, length);
    std::function<long()> job = [fd = d->fd, mode, off, length]() -> long {
        return ::fallocate(fd->get(), mode, off, length) == 0 ? 0 : -errno;
    };
    const long rc = co_await cache_->blocking(std::move(job), "store fallocate");
    if (rc < 0) co_return static_cast<int>(-rc);
    if (!(mode & FALLOC_FL_KEEP_SIZE)) d->size = std::max(d->size, off + length);
    co_return 0;
}

sched::task<int> filesystem::seek(node& f, off_t off, int whence, off_t& found, kernel::memcg_ptr m) {
    const auto d = f.data;
    if (off < 0 || off >= d->size) co_return ENXIO;
    if (const int err = co_await cache_->write_and_wait(*d, 0, 0, m)) co_return err;
    if (const int err = cache_->need_fd(*d, O_RDONLY)) co_return err;
    found = ::lseek(d->fd->get(), off, whence);
    co_return found < 0 ? errno : 0;
}

sched::task<int> filesystem::copy_range(node& from, off_t from_off, node& to, off_t to_off, std::size_t length,
                                        kernel::memcg_ptr m, std::size_t& copied) {
    const auto source = from.data, target = to.data;
    copied = 0;
    if (from_off >= source->size || length == 0) co_return 0;
    length = std::min(length, static_cast<std::size_t>(source->size - from_off));
    const auto bytes = static_cast<off_t>(length);
    // All of the source behind it, too: a file that the store has not in full length yet ends there, and copies nothing.
    if (const int err = co_await cache_->write_and_wait(*source, from_off, 0, m)) co_return err;
    if (const int err = co_await cache_->write_and_wait(*target, to_off, bytes, m)) co_return err;
    if (const int err = cache_->need_fd(*source, O_RDONLY)) co_return err;
    if (const int err = cache_->need_fd(*target, O_WRONLY)) co_return err;
    cache_->invalidate(*target, to_off, bytes);
    std::function<long()> job = [in = source->fd, out = target->fd, from_off, to_off, length]() mutable -> long {
        const ssize_t n = ::copy_file_range(in->get(), &from_off, out->get(), &to_off, length, 0);
        return n < 0 ? -errno : n;
    };
    const long n = co_await cache_->blocking(std::move(job), "store copy_file_range");
    if (n < 0) co_return static_cast<int>(-n);
    copied = static_cast<std::size_t>(n);
    target->size = std::max(target->size, to_off + static_cast<off_t>(n));
    co_return 0;
}

}  // namespace drainlab::storage
