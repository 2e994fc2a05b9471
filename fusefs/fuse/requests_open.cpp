// Files are opened, made and let go. In a store in memory without a fiber.
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

node& session::impl::take_handle(open_file* h) {
    node& f = *h->f;
    files.erase(h);
    delete h;
    --count.open_files;
    return f;
}

sched::task<> session::impl::drop_handle(open_file* h) {
    node& f = take_handle(h);
    if (!fs.close_now(f)) co_await fs.close(f);
    fs.unref(f);
}

bool session::impl::drop_handle_now(open_file* h) {
    node& f = *h->f;
    if (!fs.close_now(f)) return false;
    take_handle(h);
    fs.unref(f);
    return true;
}

namespace {

/// Where no write-back error can come, close() need not ask us for one.
void set_noflush(impl& s, const open_file& h, fuse_file_info& fi) {
    const storage::file_data& d = *h.f->data;
    fi.noflush = s.faults.rules().empty() && s.fs.cache().writes_through() && !d.holds_bytes &&
                 h.err_seen == d.mapping().wb_err_seq;
}

open_file* handle_for(impl& s, node& f, kernel::memcg_ptr opener, fuse_file_info& fi) {
    open_file* const h = s.new_handle(f, std::move(opener));
    fi.fh = reinterpret_cast<std::uint64_t>(h);
    set_noflush(s, *h, fi);
    fi.direct_io = s.fs.cache().lose_unsynced;  // the kernel keeps no bytes that a power cut takes away
    return h;
}

/// The caller has gone before it got the handle: no RELEASE will come.
sched::task<> take_back(impl& s, open_file* h, node* made, sched::in_flight::hold) {
    node& f = *h->f;
    co_await s.drop_handle(h);
    if (made) s.fs.forget(f, 1);
}

void reply_opened(impl& s, request& r, node& f, fuse_file_info fi, kernel::memcg_ptr opener) {
    open_file* const h = handle_for(s, f, std::move(opener), fi);
    if (r.opened(fi) != 0) s.host.sched.start("release", take_back(s, h, nullptr, s.work.enter()));
}

sched::task<> open(impl& s, request& r, node& f, fuse_file_info fi, bool kills) {
    if (!s.admit(r, "OPEN", (fi.flags & O_ACCMODE) != O_RDONLY || (fi.flags & O_TRUNC))) co_return;
    if (s.fs.may_fault(op::open))
        if (co_await s.fails(r, op::open, f)) co_return;
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
    reply_opened(s, r, f, fi, std::move(opener));
}

/// With nothing to be taken away from the file first.
void open_now(impl& s, fuse_req_t req, node& f, fuse_file_info fi) {
    bool wait = false;
    s.serve_now(req, "open", [&](request& r) {
        const bool writes = (fi.flags & O_ACCMODE) != O_RDONLY;
        if (!s.admit(r, "OPEN", writes)) return;
        kernel::memcg_ptr opener;
        if (writes) opener = s.payer(r);
        const auto err = s.fs.open_now(f, fi.flags, nullptr);
        if (err && *err == 0)
            reply_opened(s, r, f, fi, std::move(opener));
        else if (err)
            r.error(*err);
        else
            wait = r.take() != nullptr;
    });
    if (wait) s.serve(req, "open", [&](request& r) { return open(s, r, f, fi, false); });
}

void op_open(fuse_req_t req, fuse_ino_t ino, fuse_file_info* fi) {
    impl& s = impl::of(req);
    node& f = s.known(ino);
    const bool kills = s.raw.kills();
    if (s.at_once(op::open) && !kills && !(fi->flags & O_TRUNC)) return open_now(s, req, f, *fi);
    s.serve(req, "open", [&](request& r) { return open(s, r, f, *fi, kills); });
}

/// What a CREATE has made, or found: made by somebody else meanwhile.
struct created {
    node* f{};
    storage::created_file file;
    bool was_there() const noexcept { return file.st.st_size > 0; }
};

void reply_created(impl& s, request& r, created& got, fuse_file_info fi, kernel::memcg_ptr opener) {
    node& f = *got.f;
    const fuse_entry_param e = s.entry_for(f, got.file.st);
    open_file* const h = handle_for(s, f, std::move(opener), fi);
    if (r.created(e, fi) != 0) s.host.sched.start("release", take_back(s, h, &f, s.work.enter()));
}

/// Opens it, with whatever has to be taken away from it first.
sched::task<> open_created(impl& s, request& r, created got, fuse_file_info fi, bool kills, kernel::memcg_ptr opener) {
    node& f = *got.f;
    int err = 0;
    if (got.was_there() && kills) err = co_await s.kill_suidgid(f, impl::writer_of(r));
    if (!err) err = co_await s.fs.open(f, fi.flags, &got.file);
    if (!err && got.was_there() && (fi.flags & O_TRUNC)) {
        err = co_await s.fs.truncate(f, 0);
        if (err) co_await s.fs.close(f);
    }
    if (err) {
        s.fs.forget(f, 1);
        r.error(err);
        co_return;
    }
    reply_created(s, r, got, fi, std::move(opener));
}

sched::task<> create(impl& s, request& r, node& parent, std::string name, mode_t mode, fuse_file_info fi, bool kills) {
    if (!s.admit(r, "CREATE", true)) co_return;
    if (s.fs.may_fault(op::create))
        if (co_await s.fails(r, op::create, parent, name.c_str())) co_return;
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
    co_await open_created(s, r, std::move(got.out), fi, kills, std::move(opener));
}

void create_now(impl& s, fuse_req_t req, node& parent, const char* name, mode_t mode, fuse_file_info fi, bool kills) {
    created got;
    kernel::memcg_ptr opener;
    bool wait = false;
    s.serve_now(req, "create", [&](request& r) {
        if (!s.admit(r, "CREATE", true)) return;
        opener = s.payer(r);
        const int failed = s.fs.calls().now([&](storage::directory_store& store) {
            return store.create(parent, name, fi.flags, mode, impl::credentials_of(r), got.f, got.file.st,
                                got.file.data);
        });
        if (failed) return void(r.error(failed));
        std::optional<int> err;
        if (!got.was_there()) err = s.fs.open_now(*got.f, fi.flags, &got.file);
        if (err && *err == 0) return reply_created(s, r, got, fi, std::move(opener));
        wait = !err && r.take() != nullptr;
        if (wait) return;
        s.fs.forget(*got.f, 1);
        r.error(err.value_or(EIO));
    });
    if (wait)
        s.serve(req, "create",
                [&](request& r) { return open_created(s, r, std::move(got), fi, kills, std::move(opener)); });
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* fi) {
    impl& s = impl::of(req);
    node& dir = s.known(parent);
    const bool kills = s.raw.kills();
    if (s.at_once(op::create)) return create_now(s, req, dir, name, mode, *fi, kills);
    s.serve(req, "create", [&](request& r) { return create(s, r, dir, name, mode, *fi, kills); });
}

sched::task<> release_later(impl& s, open_file* h, sched::in_flight::hold) { co_await s.drop_handle(h); }

/// Bookkeeping, and answered in any case: nobody can do anything about a failure.
void op_release(fuse_req_t req, fuse_ino_t, fuse_file_info* fi) {
    impl& s = impl::of(req);
    s.serve_now(req, "release", [&](request& r) {
        ++s.count.requests;
        r.error(0);
        open_file* const h = &handle_of(fi);
        const auto start = [&s, h] { s.host.sched.start("release", release_later(s, h, s.work.enter())); };
        if (s.interrupted.any_gone())
            s.interrupted.later(start);
        else if (!s.drop_handle_now(h))
            start();
    });
}

}  // namespace

void add_open_operations(fuse_lowlevel_ops& ops) {
    ops.open = op_open;
    ops.create = op_create;
    ops.release = op_release;
}

}  // namespace drainlab::fuse
