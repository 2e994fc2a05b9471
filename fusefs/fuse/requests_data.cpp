// Operations on open files. What can be done at once is answered inline; the rest in a fiber.
#include "fusefs/fuse/session_impl.hpp"

#include <cerrno>
#include <fcntl.h>

namespace drainlab::fuse {

using impl = session::impl;
using storage::node;
using op = storage::device_op;

open_file* session::impl::new_handle(node& f, kernel::memcg_ptr opener) {
    auto* const h = new open_file{&f, std::move(opener), f.data->sample_errors()};
    files.insert(h);
    ++count.open_files;
    fs.ref(f);
    return h;
}

sched::task<> session::impl::drop_handle(open_file* h) {
    node& f = *h->f;
    files.erase(h);
    delete h;
    --count.open_files;
    co_await fs.close(f);
    fs.unref(f);
}

namespace {

open_file& handle(const fuse_file_info* fi) {
    return *reinterpret_cast<open_file*>(fi->fh);  // NOLINT(performance-no-int-to-ptr): libfuse keeps it as a number
}

/// Where no write-back error can come, close() need not ask us for one.
void set_noflush(impl& s, const open_file& h, fuse_file_info& fi) {
    const storage::file_data& d = *h.f->data;
    fi.noflush = s.faults.rules().empty() && s.fs.cache().writes_through() && !d.holds_bytes &&
                 h.err_seen == d.mapping().wb_err_seq;
}

/// The caller has gone before it got the handle: no RELEASE will come.
sched::task<> take_back(impl& s, open_file* h, node* made) {
    node& f = *h->f;
    co_await s.drop_handle(h);
    if (made) s.fs.forget(f, 1);
}

sched::task<> open(impl& s, request& r, node& f, fuse_file_info fi, bool kills) {
    if (!s.admit(r, "OPEN", (fi.flags & O_ACCMODE) != O_RDONLY || (fi.flags & O_TRUNC))) co_return;
    if (s.fs.may_fault(op::open))
        if (const int err = co_await s.fs.fault(op::open, f)) {
            r.error(err);
            co_return;
        }
    // Only what is written through a mapping is charged to whoever has opened the file.
    kernel::memcg_ptr opener;
    if ((fi.flags & O_ACCMODE) != O_RDONLY) opener = s.payer(r);
    int err = 0;
    if (kills) err = co_await s.kill_suidgid(f, impl::writer_of(r));
    if (!err) err = co_await s.fs.open(f, fi.flags, nullptr);
    if (err) {
        r.error(err);
        co_return;
    }
    if ((fi.flags & O_TRUNC) && f.data->size > 0) err = co_await s.fs.truncate(f, 0);
    if (err) {
        s.fs.ref(f);
        co_await s.fs.close(f);
        s.fs.unref(f);
        r.error(err);
        co_return;
    }
    open_file* const h = s.new_handle(f, std::move(opener));
    fi.fh = reinterpret_cast<std::uint64_t>(h);
    set_noflush(s, *h, fi);
    fi.direct_io = s.fs.cache().lose_unsynced;  // the kernel keeps no bytes that a power cut takes away
    if (r.opened(fi) != 0) co_await take_back(s, h, nullptr);
}

void op_open(fuse_req_t req, fuse_ino_t ino, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve(req, "open", [&](request& r) { return open(s, r, s.known(ino), *fi, s.raw.kills()); });
}

struct created {
    node* f{};
    storage::created_file file;
};

sched::task<> create(impl& s, request& r, node& parent, std::string name, mode_t mode, fuse_file_info fi, bool kills) {
    if (!s.admit(r, "CREATE", true)) co_return;
    if (s.fs.may_fault(op::create))
        if (const int err = co_await s.fs.fault(op::create, parent, name.c_str())) {
            r.error(err);
            co_return;
        }
    auto opener = s.payer(r);
    auto making = s.fs.calls().names<created>(
        "create",
        [&parent, name, flags = fi.flags, mode, who = impl::credentials_of(r)](storage::directory_store& store,
                                                                               created& out) {
            return store.create(parent, name.c_str(), flags, mode, who, out.f, out.file.st, out.file.data);
        },
        name.c_str());
    making.may_be_withdrawn = true;
    auto got = co_await making;
    if (got.err) {
        r.error(got.err);
        co_return;
    }
    node& f = *got.out.f;
    struct stat& st = got.out.file.st;
    const bool was_there = st.st_size > 0;  // made by somebody else meanwhile
    int err = 0;
    if (was_there && kills) err = co_await s.kill_suidgid(f, impl::writer_of(r));
    if (!err) err = co_await s.fs.open(f, fi.flags, &got.out.file);
    if (!err && was_there && (fi.flags & O_TRUNC)) {
        err = co_await s.fs.truncate(f, 0);
        if (err) co_await s.fs.close(f);
    }
    if (err) {
        s.fs.forget(f, 1);
        r.error(err);
        co_return;
    }
    const fuse_entry_param e = s.entry_for(f, st);
    open_file* const h = s.new_handle(f, std::move(opener));
    fi.fh = reinterpret_cast<std::uint64_t>(h);
    set_noflush(s, *h, fi);
    fi.direct_io = s.fs.cache().lose_unsynced;  // the kernel keeps no bytes that a power cut takes away
    if (r.created(e, fi) != 0) co_await take_back(s, h, &f);
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve(req, "create", [&](request& r) { return create(s, r, s.known(parent), name, mode, *fi, s.raw.kills()); });
}

sched::task<> release_later(impl& s, open_file* h, sched::in_flight::hold) { co_await s.drop_handle(h); }

/// Bookkeeping, and answered in any case: nobody can do anything about a failure.
sched::task<> release(impl& s, request& r, open_file* h) {
    ++s.count.requests;
    r.error(0);
    if (s.interrupted.any_gone())
        s.interrupted.later([&s, h] { s.host.sched.start("release", release_later(s, h, s.work.enter())); });
    else
        co_await s.drop_handle(h);
}

void op_release(fuse_req_t req, fuse_ino_t, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve(req, "release", [&](request& r) { return release(s, r, &handle(fi)); });
}

void op_flush(fuse_req_t req, fuse_ino_t, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve_now(req, "flush", [&](request& r) {
        if (s.admit(r, "FLUSH")) r.error(handle(fi).untold_error());
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
    const auto& d = handle(fi).f->data;
    kernel::memcg_ptr m;
    bool wait = false;
    s.serve_now(req, "read", [&](request& r) {
        if (!s.admit(r, "READ")) return;
        m = s.payer(r);
        std::vector<iovec> iov;
        if (s.fs.cache().try_read(*d, off, size, m, iov))
            r.pages(iov);
        else
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

/// O_SYNC and O_DSYNC need nothing here: the kernel sends an FSYNC of its own after each such write (generic_write_sync()),
/// and that is the one round of writeback. It does not where its own cache is left out.
void op_write(fuse_req_t req, fuse_ino_t, const char* data, std::size_t size, off_t off, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve(req, "write", [&](request& r) -> sched::task<> {
        if (!s.admit(r, "WRITE", true)) return nothing_more();
        open_file& h = handle(fi);
        if (fi->writepage) s.count.guessed_bytes += size;
        const bool synced = s.fs.cache().lose_unsynced && (fi->flags & (O_SYNC | O_DSYNC)) != 0;
        return write(s, r, h.f->data, data, size, off, fi->writepage ? h.opener : s.payer(r), s.raw.kills(), synced);
    });
}

sched::task<> fsync(impl& s, request& r, open_file& h, bool data_only) {
    if (!s.admit(r, "FSYNC")) co_return;
    kernel::memcg_ptr m;  // nobody, where there is nothing to write
    if (h.f->data->unwritten_pages() > 0) m = s.payer(r);
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
    s.serve(req, "fsync", [&](request& r) { return fsync(s, r, handle(fi), data_only != 0); });
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
    s.serve(req, "fallocate", [&](request& r) { return fallocate(s, r, *handle(fi).f, mode, off, length); });
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
    s.serve(req, "lseek", [&](request& r) { return lseek(s, r, *handle(fi).f, off, whence); });
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
            [&](request& r) { return copy(s, r, *handle(from).f, from_off, *handle(to).f, to_off, length); });
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
