// Operations on open files. What can be done at once is answered inline; the rest in a fiber.
#include "fusefs/fuse/session_impl.hpp"

#include <cerrno>
#include <fcntl.h>

namespace drainlab::fuse {

using impl = session::impl;
using storage::node;
using op = storage::device_op;

open_file* session::impl::new_handle(node& f, kernel::memcg_ptr opener) {
    ++count.open_files;
    fs.store().nodes().ref(f);
    const std::uint64_t newest = f.data->mapping().wb_err_seq;
    auto* const h = new open_file{&f, std::move(opener), newest == f.data->err_told ? newest : newest - 1};
    files.insert(h);
    return h;
}

void session::impl::drop_handle(open_file* h) {
    fs.close(*h->f);
    fs.store().nodes().unref(*h->f);
    files.erase(h);
    delete h;
    --count.open_files;
}

int session::impl::unreported_error(open_file& h) const {
    const kernel::address_space& m = h.f->data->mapping();
    if (m.wb_err_seq == h.err_seen) return 0;
    h.err_seen = h.f->data->err_told = m.wb_err_seq;
    return m.wb_err;
}

namespace {

open_file& handle(const fuse_file_info* fi) {
    return *reinterpret_cast<open_file*>(fi->fh);  // NOLINT(performance-no-int-to-ptr): libfuse keeps it as a number
}

/// Where no write-back error can come, close() need not ask us for one.
void set_noflush(impl& s, const open_file& h, fuse_file_info& fi) {
    const storage::file_data& d = *h.f->data;
    fi.noflush = s.fs.cache().writes_through() && !d.holds_bytes && h.err_seen == d.mapping().wb_err_seq;
}

void reply_opened(impl& s, fuse_req_t req, node& f, kernel::memcg_ptr opener, fuse_file_info fi) {
    open_file* const h = s.new_handle(f, std::move(opener));
    fi.fh = reinterpret_cast<std::uint64_t>(h);
    set_noflush(s, *h, fi);
    if (fuse_reply_open(req, &fi) != 0) s.drop_handle(h);  // interrupted: no RELEASE will come
}

sched::task<> open_later(impl& s, fuse_req_t req, node& f, kernel::memcg_ptr opener, fuse_file_info fi) {
    storage::unique_fd none;
    const int err = co_await s.fs.open(f, fi.flags, std::move(none));
    if (err) {
        fuse_reply_err(req, err);
        co_return;
    }
    if ((fi.flags & O_TRUNC) && f.data->size > 0) {
        const int failed = co_await s.fs.truncate(f, 0);
        if (failed) {
            s.fs.close(f);
            fuse_reply_err(req, failed);
            co_return;
        }
    }
    reply_opened(s, req, f, opener, fi);
}

void op_open(fuse_req_t req, fuse_ino_t ino, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (!s.admit(req, "OPEN")) return;
    node& f = s.known(ino);
    if (s.fails(req, op::open, f)) return;
    if (s.raw.kills()) s.kill_suidgid_of(req, f);
    auto opener = s.payer(req);
    storage::unique_fd none;
    int err = 0;
    if ((fi->flags & O_TRUNC) || !s.fs.try_open(f, fi->flags, none, err))
        s.park("open", open_later(s, req, f, std::move(opener), *fi));
    else if (err)
        fuse_reply_err(req, err);
    else
        reply_opened(s, req, f, std::move(opener), *fi);
}

/// The kernel takes neither the lookup nor the handle.
void undo_create(impl& s, node& f, open_file* h) {
    if (h) s.drop_handle(h);
    s.fs.forget(f, 1);
}

sched::task<> create_later(impl& s, fuse_req_t req, node& f, struct stat st, storage::unique_fd fd,
                           kernel::memcg_ptr opener, fuse_file_info fi) {
    const int err = co_await s.fs.open(f, fi.flags, std::move(fd));
    if (err) {
        undo_create(s, f, nullptr);
        fuse_reply_err(req, err);
        co_return;
    }
    if ((fi.flags & O_TRUNC) && f.data->size > 0) co_await s.fs.truncate(f, 0);
    const fuse_entry_param e = s.entry_for(f, st);
    open_file* const h = s.new_handle(f, opener);
    fi.fh = reinterpret_cast<std::uint64_t>(h);
    set_noflush(s, *h, fi);
    if (fuse_reply_create(req, &e, &fi) != 0) undo_create(s, f, h);
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (!s.admit(req, "CREATE") || s.fails(req, op::create, s.known(parent), name)) return;
    node* f{};
    struct stat st {};
    storage::unique_fd fd;
    if (const int err =
            s.fs.store().create(s.known(parent), name, fi->flags, mode, impl::credentials_of(req), f, st, fd)) {
        fuse_reply_err(req, err);
        return;
    }
    if (s.raw.kills() && st.st_size > 0) s.kill_suidgid_of(req, *f);  // made by somebody else meanwhile
    auto opener = s.payer(req);
    int err = 0;
    if (st.st_size > 0 || !s.fs.try_open(*f, fi->flags, fd, err)) {
        s.park("create", create_later(s, req, *f, st, std::move(fd), std::move(opener), *fi));
    } else if (err) {
        undo_create(s, *f, nullptr);
        fuse_reply_err(req, err);
    } else {
        const fuse_entry_param e = s.entry_for(*f, st);
        open_file* const h = s.new_handle(*f, std::move(opener));
        fi->fh = reinterpret_cast<std::uint64_t>(h);
        set_noflush(s, *h, *fi);
        if (fuse_reply_create(req, &e, fi) != 0) undo_create(s, *f, h);
    }
}

void op_release(fuse_req_t req, fuse_ino_t, fuse_file_info* fi) {
    impl& s = impl::of(req);
    ++s.count.requests;
    s.drop_handle(&handle(fi));
    fuse_reply_err(req, 0);
}

void op_flush(fuse_req_t req, fuse_ino_t, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (s.admit(req, "FLUSH")) fuse_reply_err(req, s.unreported_error(handle(fi)));
}

void reply_pages(fuse_req_t req, const std::vector<iovec>& iov) {
    if (iov.empty())
        fuse_reply_buf(req, nullptr, 0);
    else
        fuse_reply_iov(req, iov.data(), static_cast<int>(iov.size()));
}

sched::task<> read_later(impl& s, fuse_req_t req, std::shared_ptr<storage::file_data> d, off_t off, std::size_t size,
                         kernel::memcg_ptr m) {
    std::vector<iovec> iov;
    const int err = co_await s.fs.cache().read(*d, off, size, m, iov);
    if (err)
        fuse_reply_err(req, err);
    else
        reply_pages(req, iov);
}

void op_read(fuse_req_t req, fuse_ino_t, std::size_t size, off_t off, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (!s.admit(req, "READ")) return;
    const auto& d = handle(fi).f->data;
    auto m = s.payer(req);
    std::vector<iovec> iov;
    if (s.fs.cache().try_read(*d, off, size, m, iov))
        reply_pages(req, iov);
    else
        s.park("read", read_later(s, req, d, off, size, std::move(m)));
}

sched::task<> write_later(impl& s, fuse_req_t req, std::shared_ptr<storage::file_data> d, std::string data, off_t off,
                          kernel::memcg_ptr m) {
    std::size_t written = 0;
    const int err = co_await s.fs.cache().write(*d, std::move(data), off, m, written);
    if (written)
        fuse_reply_write(req, written);
    else
        fuse_reply_err(req, err);
}

void reply_written(fuse_req_t req, long result) {
    if (result < 0)
        fuse_reply_err(req, static_cast<int>(-result));
    else
        fuse_reply_write(req, static_cast<std::size_t>(result));
}

sched::task<> mark_then_reply(fuse_req_t req, std::shared_ptr<storage::file_data> d, long result) {
    const auto inode = d->inode.lock();
    co_await kernel::mark_inode_dirty(*inode, kernel::I_DIRTY_ALL);
    reply_written(req, result);
}

/// O_SYNC and O_DSYNC need nothing here: the kernel sends an FSYNC of its own after each such write (generic_write_sync()),
/// and that is the one round of writeback.
void op_write(fuse_req_t req, fuse_ino_t, const char* data, std::size_t size, off_t off, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (!s.admit(req, "WRITE")) return;
    open_file& h = handle(fi);
    if (s.raw.kills()) s.kill_suidgid_of(req, *h.f);
    if (fi->writepage) s.count.guessed_bytes += size;
    auto m = fi->writepage ? h.opener : s.payer(req);
    using outcome = storage::page_cache::outcome;
    long result = 0;
    const outcome at_once = s.fs.cache().try_write(*h.f->data, data, size, off, m, result);
    if (at_once == outcome::done)
        reply_written(req, result);
    else if (at_once == outcome::to_mark)
        s.park("write", mark_then_reply(req, h.f->data, result));
    else
        s.park("write", write_later(s, req, h.f->data, std::string(data, size), off, std::move(m)));
}

sched::task<> fsync_later(impl& s, fuse_req_t req, open_file& h, bool data_only, kernel::memcg_ptr m) {
    const int err = co_await s.fs.fsync(*h.f, data_only, m);
    const int earlier = s.unreported_error(h);
    fuse_reply_err(req, earlier ? earlier : err);
}

void op_fsync(fuse_req_t req, fuse_ino_t, int data_only, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (s.admit(req, "FSYNC")) s.park("fsync", fsync_later(s, req, handle(fi), data_only != 0, s.payer(req)));
}

sched::task<> fallocate_later(impl& s, fuse_req_t req, node& f, int mode, off_t off, off_t length,
                              kernel::memcg_ptr m) {
    const int err = co_await s.fs.fallocate(f, mode, off, length, m);
    fuse_reply_err(req, err);
}

void op_fallocate(fuse_req_t req, fuse_ino_t, int mode, off_t off, off_t length, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (!s.admit(req, "FALLOCATE") || s.fails(req, op::fallocate, *handle(fi).f)) return;
    s.kill_suidgid_unless_root(req, *handle(fi).f);
    s.park("fallocate", fallocate_later(s, req, *handle(fi).f, mode, off, length, s.payer(req)));
}

sched::task<> lseek_later(impl& s, fuse_req_t req, node& f, off_t off, int whence, kernel::memcg_ptr m) {
    off_t found = 0;
    const int err = co_await s.fs.seek(f, off, whence, found, m);
    if (err)
        fuse_reply_err(req, err);
    else
        fuse_reply_lseek(req, found);
}

void op_lseek(fuse_req_t req, fuse_ino_t, off_t off, int whence, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (s.admit(req, "LSEEK")) s.park("lseek", lseek_later(s, req, *handle(fi).f, off, whence, s.payer(req)));
}

sched::task<> copy_later(impl& s, fuse_req_t req, node& from, off_t from_off, node& to, off_t to_off,
                         std::size_t length, kernel::memcg_ptr m) {
    std::size_t copied = 0;
    const int err = co_await s.fs.copy_range(from, from_off, to, to_off, length, m, copied);
    if (err)
        fuse_reply_err(req, err);
    else
        fuse_reply_write(req, copied);
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t, off_t from_off, fuse_file_info* from, fuse_ino_t, off_t to_off,
                        fuse_file_info* to, std::size_t length, int) {
    impl& s = impl::of(req);
    if (!s.admit(req, "COPY_FILE_RANGE") || s.fails(req, op::write, *handle(to).f)) return;
    s.kill_suidgid_unless_root(req, *handle(to).f);
    s.park("copy", copy_later(s, req, *handle(from).f, from_off, *handle(to).f, to_off, length, s.payer(req)));
}

}  // namespace

void add_data_operations(fuse_lowlevel_ops& ops) {
    ops.open = op_open;
    ops.create = op_create;
    ops.release = op_release;
    ops.flush = op_flush;
    ops.read = op_read;
    ops.write = op_write;
    ops.fsync = op_fsync;
    ops.fallocate = op_fallocate;
    ops.lseek = op_lseek;
    ops.copy_file_range = op_copy_file_range;
}

}  // namespace drainlab::fuse
