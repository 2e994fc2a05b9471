// Operations on open files. What can be done at once is answered inline; the rest in a fiber.
#include "fusefs/fuse/session_impl.hpp"

#include <cerrno>
#include <fcntl.h>

namespace drainlab::fuse {

using impl = session::impl;
using storage::node;
using op = storage::device_op;

namespace {

void op_flush(fuse_req_t req, fuse_ino_t, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve_now(req, "flush", [&](request& r) {
        if (s.admit(r, "FLUSH")) r.error(handle_of(fi).untold_error());
    });
}

sched::task<> read_later(impl& s, request& r, std::shared_ptr<storage::file_data> d, off_t off, std::size_t size,
                         kernel::memcg_ptr m) {
    std::vector<iovec> iov;
    if (const int err = co_await s.fs.cache().read(*d, off, size, m, iov))
        r.error(err);
    else
        r.pages(iov);
}

void op_read(fuse_req_t req, fuse_ino_t, std::size_t size, off_t off, fuse_file_info* fi) {
    impl& s = impl::of(req);
    const auto& d = handle_of(fi).f->data;
    kernel::memcg_ptr m;
    bool wait = false;
    s.serve_now(req, "read", [&](request& r) {
        if (!s.admit(r, "READ")) return;
        storage::page_cache& cache = s.fs.cache();
        if (s.callers.counts_members() || cache.read_brings_in(*d, off, size)) m = s.payer(r);
        s.parts.clear();
        if (cache.try_read(*d, off, size, m, s.parts)) {
            r.pages(s.parts);
            return;
        }
        if (!m) m = s.payer(r);      // what is here now may have gone by then
        wait = r.take() != nullptr;  // it is still there, under its own name
    });
    if (wait) s.serve(req, "read", [&](request& r) { return read_later(s, r, d, off, size, std::move(m)); });
}

sched::task<> nothing_more() { co_return; }

void reply_written(request& r, long result) {
    if (result < 0)
        r.error(static_cast<int>(-result));
    else
        r.written(static_cast<std::size_t>(result));
}

/// `data` is good until the first wait.
sched::task<> write(impl& s, request& r, std::shared_ptr<storage::file_data> d, const char* data, std::size_t size,
                    off_t off, kernel::memcg_ptr m, bool kills, bool synced) {
    using next = storage::page_cache::next;
    std::string kept;
    if (kills) {
        if (!s.fs.calls().at_once()) data = kept.assign(data, size).data();
        if (const int err = co_await s.kill_suidgid(*d->owner, impl::writer_of(r))) {
            r.error(err);
            co_return;
        }
    }
    storage::file_write w{*d, data, size, off, std::move(m)};
    const next then = s.fs.cache().try_write(w);
    if (then == next::mark) {
        const auto inode = d->inode.lock();
        co_await kernel::mark_inode_dirty(*inode, kernel::I_DIRTY_ALL);
    } else if (then == next::wait) {
        co_await s.fs.cache().write(w);
    }
    if (synced && w.done() > 0)
        if (const int err = co_await s.fs.fsync(*d->owner, true, w.payer)) {
            r.error(err);
            co_return;
        }
    reply_written(r, w.result());
}

sched::task<> mark_written(request& r, std::shared_ptr<storage::file_data> d, long result) {
    const auto inode = d->inode.lock();
    co_await kernel::mark_inode_dirty(*inode, kernel::I_DIRTY_ALL);
    reply_written(r, result);
}

/// A write that nothing is in front of, and that the store takes at once.
void write_now(impl& s, fuse_req_t req, open_file& h, const char* data, std::size_t size, off_t off, bool mapped) {
    using next = storage::page_cache::next;
    bool mark = false;
    long result = 0;
    s.serve_now(req, "write", [&](request& r) {
        if (!s.admit(r, "WRITE", true)) return;
        if (mapped) s.count.guessed_bytes += size;
        storage::file_data& d = *h.f->data;
        kernel::memcg_ptr m;  // nobody, where every page is somebody's already
        if (mapped)
            m = h.opener;
        else if (s.callers.counts_members() || s.fs.cache().write_brings_in(d, off, size))
            m = s.payer(r);
        storage::file_write w{d, data, size, off, std::move(m)};
        const next then = s.fs.cache().try_write(w);
        DRAINLAB_CHECK(then != next::wait);
        result = w.result();
        mark = then == next::mark && r.take() != nullptr;
        reply_written(r, result);
    });
    if (mark) s.serve(req, "write", [&](request& r) { return mark_written(r, h.f->data, result); });
}

/// O_SYNC and O_DSYNC need nothing here: the kernel sends an FSYNC of its own after each such write
/// (generic_write_sync()), and that is the one round of writeback. It does not where its own cache is left out.
void op_write(fuse_req_t req, fuse_ino_t, const char* data, std::size_t size, off_t off, fuse_file_info* fi) {
    impl& s = impl::of(req);
    open_file& h = handle_of(fi);
    if (!s.dying && !s.raw.kills() && s.fs.cache().takes_at_once(*h.f->data, size))
        return write_now(s, req, h, data, size, off, fi->writepage != 0);
    s.serve(req, "write", [&](request& r) -> sched::task<> {
        if (!s.admit(r, "WRITE", true)) return nothing_more();
        if (fi->writepage) s.count.guessed_bytes += size;
        const bool synced = s.fs.cache().lose_unsynced && (fi->flags & (O_SYNC | O_DSYNC)) != 0;
        return write(s, r, h.f->data, data, size, off, fi->writepage ? h.opener : s.payer(r), s.raw.kills(), synced);
    });
}

sched::task<> fsync(impl& s, request& r, open_file& h, bool data_only) {
    if (!s.admit(r, "FSYNC")) co_return;
    kernel::memcg_ptr m;  // nobody, where there is nothing to write, or the inode has its owner
    if (h.f->data->unwritten_pages() > 0 && !h.f->data->inode.lock()->i_wb) m = s.payer(r);
    const int err = co_await s.fs.fsync(*h.f, data_only, std::move(m));
    if (r.answered()) {  // by a signal: nobody has heard of it yet
        if (err) h.f->data->remember_error(err);
        co_return;
    }
    const int earlier = h.untold_error();
    r.error(earlier ? earlier : err);
}

void op_fsync(fuse_req_t req, fuse_ino_t, int data_only, fuse_file_info* fi) {
    impl& s = impl::of(req);
    if (!s.dying && s.fs.nothing_to_sync(*handle_of(fi).f))
        return s.serve_now(req, "fsync", [&](request& r) {
            if (s.admit(r, "FSYNC")) r.error(handle_of(fi).untold_error());
        });
    s.serve(req, "fsync", [&](request& r) { return fsync(s, r, handle_of(fi), data_only != 0); });
}

/// Where the request does not say whether setuid and setgid bits go: as if CAP_FSETID were root's alone.
sched::task<int> kill_unless_root(impl& s, const request& r, node& f) {
    if (r.caller().uid == 0) co_return 0;
    co_return co_await s.kill_suidgid(f, impl::writer_of(r));
}

sched::task<> fallocate(impl& s, request& r, node& f, int mode, off_t off, off_t length) {
    if (!s.admit(r, "FALLOCATE", true)) co_return;
    int err = 0;
    if (s.fs.may_fault(op::fallocate)) err = co_await s.fs.fault(op::fallocate, f);
    if (!err) err = co_await kill_unless_root(s, r, f);
    if (!err) err = co_await s.fs.fallocate(f, mode, off, length, s.payer(r));
    r.error(err);
}

void op_fallocate(fuse_req_t req, fuse_ino_t, int mode, off_t off, off_t length, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve(req, "fallocate", [&](request& r) { return fallocate(s, r, *handle_of(fi).f, mode, off, length); });
}

sched::task<> lseek(impl& s, request& r, node& f, off_t off, int whence) {
    if (!s.admit(r, "LSEEK")) co_return;
    off_t found = 0;
    if (const int err = co_await s.fs.seek(f, off, whence, found, s.payer(r)))
        r.error(err);
    else
        r.offset(found);
}

void op_lseek(fuse_req_t req, fuse_ino_t, off_t off, int whence, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve(req, "lseek", [&](request& r) { return lseek(s, r, *handle_of(fi).f, off, whence); });
}

sched::task<> copy(impl& s, request& r, node& from, off_t from_off, node& to, off_t to_off, std::size_t length) {
    if (!s.admit(r, "COPY_FILE_RANGE", true)) co_return;
    std::size_t copied = 0;
    int err = 0;
    if (s.fs.may_fault(op::write)) err = co_await s.fs.fault(op::write, to);
    if (!err) err = co_await kill_unless_root(s, r, to);
    if (!err) err = co_await s.fs.copy_range(from, from_off, to, to_off, length, s.payer(r), copied);
    reply_written(r, err ? -err : static_cast<long>(copied));
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t, off_t from_off, fuse_file_info* from, fuse_ino_t, off_t to_off,
                        fuse_file_info* to, std::size_t length, int) {
    impl& s = impl::of(req);
    s.serve(req, "copy_file_range",
            [&](request& r) { return copy(s, r, *handle_of(from).f, from_off, *handle_of(to).f, to_off, length); });
}

}  // namespace

void add_data_operations(fuse_lowlevel_ops& ops) {
    ops.flush = op_flush;
    ops.read = op_read;
    ops.write = op_write;
    ops.fsync = op_fsync;
    ops.fallocate = op_fallocate;
    ops.lseek = op_lseek;
    ops.copy_file_range = op_copy_file_range;
}

}  // namespace drainlab::fuse
