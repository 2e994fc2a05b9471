// What a file looks like to its users: the store's attributes, with what is still only in the page cache.
#include "fusefs/kernel/host.hpp"
#include "fusefs/storage/filesystem.hpp"
#include "fusefs/storage/times.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace drainlab::storage {

void filesystem::overlay(const node& f, struct stat& st) const {
    if (!f.data) return;
    file_data& d = *f.data;
    st.st_size = d.size;
    const auto page_blocks = static_cast<blkcnt_t>(kernel::page_size / 512);
    const auto whole = static_cast<blkcnt_t>((d.size + static_cast<off_t>(kernel::page_size) - 1) /
                                             static_cast<off_t>(kernel::page_size)) *
                       page_blocks;
    if (d.holds_bytes)  // the store has not allocated these yet
        st.st_blocks = std::max(
            st.st_blocks, std::min(whole, st.st_blocks + static_cast<blkcnt_t>(d.unwritten_pages()) * page_blocks));
    // The store's ctime moves when we write back, the file's does not: it changed when it was written to. One that
    // moved for another reason (chmod, a change from outside) is the file's.
    if (later(st.st_ctim, d.ctime) && !d.writing_back && !equal(st.st_ctim, d.store_ctime))
        d.ctime = st.st_ctim;
    else if (d.ctime.tv_sec != 0)
        st.st_ctim = d.ctime;
    if (!d.times_pending) return;
    st.st_mtim = d.mtime;
}

void filesystem::touched(node& f) const {
    if (f.data) f.data->ctime = io_.now();
}

sched::task<int> filesystem::getattr(node& f, struct stat& st) {
    if (const auto d = f.data; d && d->atime_due) co_await cache_->settle_atime(*d);
    auto getattr_call =
        calls_->names<struct stat>("getattr", [&f](directory_store& s, struct stat& out) { return s.getattr(f, out); });
    const auto got = co_await getattr_call;
    if (got.err) co_return got.err;
    st = got.out;
    overlay(f, st);
    co_return 0;
}

sched::task<int> filesystem::change(node& f, attribute_change what) {
    const bool times = what.times[0].tv_nsec != UTIME_OMIT || what.times[1].tv_nsec != UTIME_OMIT;
    if (times && f.data) f.data->atime_due = false, f.data->changed = true;
    auto setattr_call = calls_->names<struct stat>("setattr", [&f, what, times](directory_store& s, auto& st) {
        int err = 0;
        constexpr auto keep = static_cast<uid_t>(-1);
        if (what.uid || what.gid) err = s.chown(f, what.uid.value_or(keep), what.gid.value_or(keep));
        if (!err && what.mode) err = s.chmod(f, *what.mode);
        if (!err && times) err = s.utimens(f, what.times);
        return err ? err : s.getattr(f, st);
    });
    setattr_call.may_be_withdrawn = true;
    const auto got = co_await setattr_call;
    if (got.err || !f.data) co_return got.err;
    f.data->ctime = got.out.st_ctim;
    if (f.data->times_pending && what.times[1].tv_nsec != UTIME_OMIT)
        f.data->mtime = got.out.st_mtim;  // and again after the pages have been written
    co_return 0;
}

sched::task<int> filesystem::truncate(node& f, off_t size) {
    if (f.data && !being_evicted(f)) {
        const auto keep = f.data;
        keep->changed = true;
        co_return co_await cache_->truncate(*keep, size);
    }
    auto truncate_call = calls_->names("truncate", [&f, size, io = &io_](directory_store& s, nothing&) {
        data_fd to;
        if (const int err = s.open_data(f, O_WRONLY, to)) return err;
        return -io->ftruncate(to.fd->get(), size);
    });
    const auto rc = co_await truncate_call;
    ++f.changes;
    co_return rc.err;
}

sched::task<int> filesystem::statfs(struct statvfs& st) {
    if (!root_fd_) co_return ENOTCONN;
    auto statfs_call = calls_->data<struct statvfs>(
        "statfs", [fd = root_fd_, io = &io_](struct statvfs& out) { return -io->fstatvfs(fd->get(), out); });
    const auto got = co_await statfs_call;
    if (got.err) co_return got.err;
    st = got.out;
    if (st.f_frsize == 0) co_return 0;
    const std::uint64_t on_its_way = (cache_->unstored_bytes() + st.f_frsize - 1) / st.f_frsize;
    st.f_bfree -= std::min<std::uint64_t>(st.f_bfree, on_its_way);
    st.f_bavail -= std::min<std::uint64_t>(st.f_bavail, on_its_way);
    co_return 0;
}

}  // namespace drainlab::storage
