// Names that are made, removed and renamed, and symbolic links read. Thin: one call on the store, one reply.
#include "fusefs/fuse/session_impl.hpp"

namespace drainlab::fuse {

using impl = session::impl;
using storage::directory_store;
using storage::node;
using op = storage::device_op;

namespace {

storage::credentials credentials_of(fuse_req_t req) {
    const fuse_ctx& c = *fuse_req_ctx(req);
    return {c.uid, c.gid, c.umask};
}

sched::task<> readlink(impl& s, request& r, node& f) {
    if (!s.admit(r, "READLINK")) co_return;
    if (s.fs.may_fault(op::readlink))
        if (co_await s.fails(r, op::readlink, f)) co_return;
    auto read = s.fs.calls().names<std::string>(
        "readlink", [&f](directory_store& store, std::string& target) { return store.readlink(f, target); });
    const auto got = co_await read;
    if (got.err)
        r.error(got.err);
    else
        r.link(got.out.c_str());
}

void op_readlink(fuse_req_t req, fuse_ino_t ino) {
    impl& s = impl::of(req);
    s.serve(req, "readlink", [&](request& r) { return readlink(s, r, s.known(ino)); });
}

/// MKNOD, MKDIR, SYMLINK, LINK: `how` makes the entry.
template <class How>
sched::task<> make_later(impl& s, request& r, const char* word, op what, std::string_view call, node& parent,
                         std::string name, How how) {
    if (!s.admit(r, word, true)) co_return;
    if (s.fs.may_fault(what))
        if (co_await s.fails(r, what, parent, name.c_str())) co_return;
    auto making = s.fs.calls().names<store_entry>(
        call,
        [&parent, name, how](directory_store& store, store_entry& e) { return how(store, parent, name.c_str(), e); },
        name.c_str());
    making.may_be_withdrawn = true;
    auto got = co_await making;
    if (got.err)
        r.error(got.err);
    else
        s.reply_entry(r, *got.out.f, got.out.st);
}

template <class How>
void make(fuse_req_t req, const char* word, op what, std::string_view call, fuse_ino_t parent, const char* name,
          How how) {
    impl& s = impl::of(req);
    node& dir = s.known(parent);
    if (!s.at_once(what))
        return s.serve(req, call, [&](request& r) { return make_later(s, r, word, what, call, dir, name, how); });
    s.serve_now(req, call, [&](request& r) {
        if (!s.admit(r, word, true)) return;
        store_entry e;
        if (const int err = s.fs.calls().now([&](directory_store& store) { return how(store, dir, name, e); }))
            r.error(err);
        else
            s.reply_entry(r, *e.f, e.st);
    });
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode, dev_t dev) {
    make(req, "MKNOD", op::mknod, "mknod", parent, name,
         [mode, dev, who = credentials_of(req)](directory_store& store, node& p, const char* n, store_entry& e) {
             return store.mknod(p, n, mode, dev, who, e.f, e.st);
         });
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode) {
    make(req, "MKDIR", op::mkdir, "mkdir", parent, name,
         [mode, who = credentials_of(req)](directory_store& store, node& p, const char* n, store_entry& e) {
             return store.mkdir(p, n, mode, who, e.f, e.st);
         });
}

void op_symlink(fuse_req_t req, const char* target, fuse_ino_t parent, const char* name) {
    make(req, "SYMLINK", op::symlink, "symlink", parent, name,
         [to = std::string{target}, who = credentials_of(req)](directory_store& store, node& p, const char* n,
                                                               store_entry& e) {
             return store.symlink(to.c_str(), p, n, who, e.f, e.st);
         });
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    node& f = s.known(ino);
    s.fs.touched(f);
    make(req, "LINK", op::link, "link", parent, name,
         [&f](directory_store& store, node& p, const char* n, store_entry& e) {
             e.f = &f;
             return store.link(f, p, n, e.st);
         });
}

/// UNLINK, RMDIR
sched::task<> remove(impl& s, request& r, bool directory, node& parent, std::string name) {
    const op what = directory ? op::rmdir : op::unlink;
    if (!s.admit(r, directory ? "RMDIR" : "UNLINK", true)) co_return;
    if (s.fs.may_fault(what))
        if (co_await s.fails(r, what, parent, name.c_str())) co_return;
    auto removing = s.fs.calls().names(
        directory ? "rmdir" : "unlink",
        [&parent, name, directory](directory_store& store, storage::nothing&) {
            return directory ? store.rmdir(parent, name.c_str()) : store.unlink(parent, name.c_str());
        },
        name.c_str());
    removing.may_be_withdrawn = true;
    r.error((co_await removing).err);
}

void remove(fuse_req_t req, bool directory, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    node& dir = s.known(parent);
    const char* const what = directory ? "rmdir" : "unlink";
    if (!s.at_once(directory ? op::rmdir : op::unlink))
        return s.serve(req, what, [&](request& r) { return remove(s, r, directory, dir, name); });
    s.serve_now(req, what, [&](request& r) {
        if (!s.admit(r, directory ? "RMDIR" : "UNLINK", true)) return;
        r.error(s.fs.calls().now(
            [&](directory_store& store) { return directory ? store.rmdir(dir, name) : store.unlink(dir, name); }));
    });
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char* name) { remove(req, false, parent, name); }
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char* name) { remove(req, true, parent, name); }

sched::task<> rename(impl& s, request& r, node& from, std::string name, node& to, std::string new_name,
                     unsigned flags) {
    if (!s.admit(r, "RENAME", true)) co_return;
    if (s.fs.may_fault(op::rename))
        if (co_await s.fails(r, op::rename, from, name.c_str())) co_return;
    auto renaming = s.fs.rename(from, std::move(name), to, std::move(new_name), flags);
    r.error(co_await renaming);
}

void op_rename(fuse_req_t req, fuse_ino_t from, const char* name, fuse_ino_t to, const char* new_name, unsigned flags) {
    impl& s = impl::of(req);
    node &source = s.known(from), &target = s.known(to);
    if (s.at_once(op::rename))
        return s.serve_now(req, "rename", [&](request& r) {
            if (!s.admit(r, "RENAME", true)) return;
            r.error(s.fs.calls().now([&](directory_store& store) {  // paths in memory are made when they are asked for
                return store.rename(source, name, target, new_name, flags);
            }));
        });
    s.serve(req, "rename", [&](request& r) { return rename(s, r, source, name, target, new_name, flags); });
}

}  // namespace

void add_name_operations(fuse_lowlevel_ops& ops) {
    ops.readlink = op_readlink;
    ops.mknod = op_mknod;
    ops.mkdir = op_mkdir;
    ops.symlink = op_symlink;
    ops.link = op_link;
    ops.unlink = op_unlink;
    ops.rmdir = op_rmdir;
    ops.rename = op_rename;
}

}  // namespace drainlab::fuse
