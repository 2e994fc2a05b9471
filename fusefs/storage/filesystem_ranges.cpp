// Calls on ranges of a file: fsync, fallocate, SEEK_HOLE, copy_file_range. Where the store has to know what the page
// cache knows, the range is written first.
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

bool filesystem::nothing_to_sync(const node& f) const noexcept {
    const emulated_device& device = cache_->device;
    return calls_->at_once() && f.data && f.data->unwritten_pages() == 0 && device.limits().flush.count() == 0 &&
           !device.errors.concerns(device_op::fsync);
}

sched::task<int> filesystem::fsync_directory(node& f) {
    auto open_call =
        calls_->names<shared_fd>("open", [&f](directory_store& s, shared_fd& fd) { return s.open_directory(f, fd); });
    const auto dir = co_await open_call;
    if (dir.err) co_return dir.err;
    auto fsync_call =
        calls_->data("fsync", [fd = dir.out, io = &io_](nothing&) { return -io->fsync(fd->get(), false); });
    const auto rc = co_await fsync_call;
    co_await cache_->device.flush();
    if (may_fault(device_op::fsync))
        if (const int err = co_await fault(device_op::fsync, f)) co_return err;
    co_return rc.err;
}

sched::task<int> filesystem::fallocate(node& f, int mode, off_t off, off_t length, kernel::memcg_ptr m) {
    if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) co_return EOPNOTSUPP;  // as the kernel's FUSE says
    const auto d = f.data;
    co_await cache_->free_to_change(*d);
    const change_lock lock{*d, sched_};
    if (const int err = co_await cache_->write_and_wait(*d, off, length, m)) co_return err;
    if (const int err = co_await cache_->need_fd(*d, O_WRONLY)) co_return err;
    const bool takes_room = !(mode & FALLOC_FL_PUNCH_HOLE);
    const auto claim = co_await cache_->claim_room(*d, takes_room ? static_cast<std::size_t>(length) : 0);
    cache_->invalidate(*d, off, length);
    auto fallocate_call = calls_->data(
        "fallocate",
        [fd = d->fd, io = &io_, mode, off, length](nothing&) { return -io->fallocate(fd->get(), mode, off, length); },
        d->path.c_str());
    const auto rc = co_await fallocate_call;
    cache_->invalidate(*d, off, length);  // read meanwhile
    if (rc.err) co_return rc.err;
    if (!(mode & FALLOC_FL_KEEP_SIZE)) d->size = std::max(d->size, off + length);
    co_return 0;
}

sched::task<int> filesystem::seek(node& f, off_t off, int whence, off_t& found, kernel::memcg_ptr m) {
    const auto d = f.data;
    if (off < 0 || off >= d->size) co_return ENXIO;
    if (const int err = co_await cache_->write_and_wait(*d, 0, 0, m)) co_return err;
    if (const int err = co_await cache_->need_fd(*d, O_RDONLY)) co_return err;
    auto lseek_call = calls_->data<off_t>(
        "lseek",
        [fd = d->fd, io = &io_, off, whence](off_t& at) {
            at = io->lseek(fd->get(), off, whence);
            return at < 0 ? static_cast<int>(-at) : 0;
        },
        d->path.c_str());
    const auto rc = co_await lseek_call;
    found = rc.out;
    co_return rc.err;
}

sched::task<int> filesystem::copy_range(node& from, off_t from_off, node& to, off_t to_off, std::size_t length,
                                        kernel::memcg_ptr m, std::size_t& copied) {
    const auto source = from.data, target = to.data;
    copied = 0;
    if (from_off >= source->size || length == 0) co_return 0;
    length = std::min(length, static_cast<std::size_t>(source->size - from_off));
    const auto bytes = static_cast<off_t>(length);
    co_await cache_->free_to_change(*target);
    const change_lock lock{*target, sched_};
    // All of the source behind it, too: a file that the store has not in full length yet ends there, and copies
    // nothing.
    if (const int err = co_await cache_->write_and_wait(*source, from_off, 0, m)) co_return err;
    if (const int err = co_await cache_->write_and_wait(*target, to_off, bytes, m)) co_return err;
    const auto claim = co_await cache_->claim_room(*target, length);
    if (const int err = co_await cache_->need_fd(*source, O_RDONLY)) co_return err;
    if (const int err = co_await cache_->need_fd(*target, O_WRONLY)) co_return err;
    if (const int err = co_await cache_->need_fd(*source, O_RDONLY)) co_return err;  // closed meanwhile
    cache_->invalidate(*target, to_off, bytes);
    auto copy_file_range_call = calls_->data<ssize_t>(
        "copy_file_range",
        [in = source->fd, out = target->fd, io = &io_, from_off, to_off, length](ssize_t& n) {
            n = io->copy(in->get(), from_off, out->get(), to_off, length);
            return n < 0 ? static_cast<int>(-n) : 0;
        },
        target->path.c_str());
    const auto rc = co_await copy_file_range_call;
    cache_->invalidate(*target, to_off, bytes);  // read meanwhile
    if (rc.err) co_return rc.err;
    copied = static_cast<std::size_t>(rc.out);
    target->size = std::max(target->size, to_off + static_cast<off_t>(copied));
    co_return 0;
}

}  // namespace drainlab::storage
