// Operations on names and attributes. Thin: one call on the store, one reply.
#include "fusefs/fuse/caller.hpp"
#include "fusefs/fuse/session_impl.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace drainlab::fuse {

using impl = session::impl;
using storage::directory_store;
using storage::node;
using op = storage::device_op;

fuse_entry_param session::impl::entry_for(node& f, struct stat& st) const {
    fs.overlay(f, st);
    fuse_entry_param e{};
    e.ino = id_of(f);
    e.generation = f.generation;
    e.attr = st;
    e.attr_timeout = attr_timeout;
    e.entry_timeout = entry_timeout;
    return e;
}

void session::impl::reply_entry(request& r, node& f, struct stat& st) {
    const fuse_entry_param e = entry_for(f, st);
    if (r.entry(e) != 0) fs.forget(f, 1);  // the caller was killed: the kernel has not taken it
}

sched::task<> session::impl::reply_attr(request& r, node& f) {
    struct stat st {};
    if (const int err = co_await fs.getattr(f, st))
        r.error(err);
    else
        r.attr(st, attr_timeout);
}

namespace {

/// in_group_or_capable()
bool keeps_setgid(const impl::writer& by, gid_t gid) {
    if (by.gid == gid) return true;
    const auto groups = supplementary_groups_of(by.tid);
    return std::find(groups.begin(), groups.end(), gid) != groups.end() || has_cap_fsetid(by.tid);
}

storage::credentials credentials_of(fuse_req_t req) {
    const fuse_ctx& c = *fuse_req_ctx(req);
    return {c.uid, c.gid, c.umask};
}

/// What the store found, or made.
struct entry {
    node* f{};
    struct stat st {};
};

}  // namespace

sched::task<int> session::impl::kill_suidgid(node& f, writer by) {
    if (!S_ISREG(f.type)) co_return 0;
    auto getattr =
        fs.calls().names<struct stat>("getattr", [&f](directory_store& s, auto& st) { return s.getattr(f, st); });
    const auto got = co_await getattr;
    if (got.err) co_return got.err;
    const struct stat& st = got.out;
    mode_t kept = st.st_mode & ~static_cast<mode_t>(S_ISUID);
    const bool program = st.st_mode & S_IXGRP;
    if ((st.st_mode & S_ISGID) && (program || !keeps_setgid(by, st.st_gid))) kept &= ~static_cast<mode_t>(S_ISGID);
    if (kept == st.st_mode) co_return 0;
    storage::attribute_change mode;
    mode.mode = kept & 07777;
    const int err = co_await fs.change(f, mode);
    if (!err && !ended) fuse_lowlevel_notify_inval_inode(se, id_of(f), -1, 0);  // the attributes only
    co_return err;
}

namespace {

/// A request on `f`, or its entry `name`: whether the emulated device fails it. Then it has been answered.
sched::task<bool> fails(impl& s, request& r, op what, node& f, const char* name = nullptr) {
    const int err = co_await s.fs.fault(what, f, name);
    if (err) r.error(err);
    co_return err != 0;
}

void reply_lookup(impl& s, request& r, int err, entry& found) {
    if (err == ENOENT && s.entry_timeout > 1) {  // nobody else makes names in a private store: the kernel may remember
        fuse_entry_param none{};
        none.entry_timeout = s.entry_timeout;
        r.entry(none);
    } else if (err) {
        r.error(err);
    } else {
        s.reply_entry(r, *found.f, found.st);
    }
}

sched::task<> lookup(impl& s, request& r, node& parent, std::string name) {
    if (!s.admit(r, "LOOKUP")) co_return;
    if (s.fs.may_fault(op::lookup))
        if (co_await fails(s, r, op::lookup, parent, name.c_str())) co_return;
    auto look = s.fs.calls().names<entry>(
        "lookup",
        [&parent, name](directory_store& store, entry& e) { return store.lookup(parent, name.c_str(), e.f, e.st); },
        name.c_str());
    auto got = co_await look;
    reply_lookup(s, r, got.err, got.out);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    node& dir = s.known(parent);
    if (s.at_once(op::lookup))
        return s.serve_now(req, "lookup", [&](request& r) {
            if (!s.admit(r, "LOOKUP")) return;
            entry e;
            const auto look = [&](directory_store& store) { return store.lookup(dir, name, e.f, e.st); };
            reply_lookup(s, r, s.fs.calls().now(look), e);
        });
    s.serve(req, "lookup", [&](request& r) { return lookup(s, r, dir, name); });
}

void forget(impl& s, node& f, std::uint64_t n) {
    if (s.interrupted.any_gone())
        s.interrupted.later([&s, &f, n] { s.fs.forget(f, n); });
    else
        s.fs.forget(f, n);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, std::uint64_t n) {
    impl& s = impl::of(req);
    s.serve_now(req, "forget", [&](request& r) {
        forget(s, s.known(ino), n);
        r.nothing();
    });
}

void op_forget_multi(fuse_req_t req, std::size_t count, fuse_forget_data* all) {
    impl& s = impl::of(req);
    s.serve_now(req, "forget", [&](request& r) {
        for (std::size_t k = 0; k < count; ++k) forget(s, s.known(all[k].ino), all[k].nlookup);
        r.nothing();
    });
}

sched::task<> attributes(impl& s, request& r, node& f) {
    if (!s.admit(r, "GETATTR")) co_return;
    int err = 0;  // g++ 12 lays the frame out wrongly without a variable here
    if (s.fs.may_fault(op::getattr)) err = co_await s.fs.fault(op::getattr, f);
    if (err)
        r.error(err);
    else
        co_await s.reply_attr(r, f);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, fuse_file_info*) {
    impl& s = impl::of(req);
    node& f = s.known(ino);
    if (s.at_once(op::getattr) && !(f.data && f.data->atime_due))
        return s.serve_now(req, "getattr", [&](request& r) {
            if (!s.admit(r, "GETATTR")) return;
            struct stat st {};
            if (const int err = s.fs.calls().now([&](directory_store& store) { return store.getattr(f, st); }))
                return void(r.error(err));
            s.fs.overlay(f, st);
            r.attr(st, s.attr_timeout);
        });
    s.serve(req, "getattr", [&](request& r) { return attributes(s, r, f); });
}

timespec time_to_set(int to_set, int omit_unless, int now, const timespec& given) {
    if (!(to_set & omit_unless)) return {0, UTIME_OMIT};
    return to_set & now ? timespec{0, UTIME_NOW} : given;
}

/// Everything but the size.
storage::attribute_change change_of(const struct stat& attr, int to_set) {
    storage::attribute_change c;
    if (to_set & FUSE_SET_ATTR_UID) c.uid = attr.st_uid;
    if (to_set & FUSE_SET_ATTR_GID) c.gid = attr.st_gid;
    if (to_set & FUSE_SET_ATTR_MODE) c.mode = attr.st_mode;
    c.times[0] = time_to_set(to_set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, attr.st_atim);
    c.times[1] = time_to_set(to_set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, attr.st_mtim);
    return c;
}

sched::task<> setattr(impl& s, request& r, node& f, struct stat attr, int to_set, bool kills) {
    if (!s.admit(r, "SETATTR", true)) co_return;
    const op what = to_set & FUSE_SET_ATTR_SIZE ? op::truncate : op::setattr;
    if (s.fs.may_fault(what))
        if (co_await fails(s, r, what, f)) co_return;
    int err = 0;
    if (kills) err = co_await s.kill_suidgid(f, impl::writer_of(r));
    if (!err && (to_set & FUSE_SET_ATTR_SIZE)) err = co_await s.fs.truncate(f, attr.st_size);
    constexpr int others =
        FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID | FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME;
    if (!err && (to_set & others)) err = co_await s.fs.change(f, change_of(attr, to_set));
    if (err)
        r.error(err);
    else
        co_await s.reply_attr(r, f);
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat* attr, int to_set, fuse_file_info*) {
    impl& s = impl::of(req);
    s.serve(req, "setattr", [&](request& r) { return setattr(s, r, s.known(ino), *attr, to_set, s.raw.kills()); });
}

sched::task<> readlink(impl& s, request& r, node& f) {
    if (!s.admit(r, "READLINK")) co_return;
    if (s.fs.may_fault(op::readlink))
        if (co_await fails(s, r, op::readlink, f)) co_return;
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
        if (co_await fails(s, r, what, parent, name.c_str())) co_return;
    auto making = s.fs.calls().names<entry>(
        call, [&parent, name, how](directory_store& store, entry& e) { return how(store, parent, name.c_str(), e); },
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
        entry e;
        if (const int err = s.fs.calls().now([&](directory_store& store) { return how(store, dir, name, e); }))
            r.error(err);
        else
            s.reply_entry(r, *e.f, e.st);
    });
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode, dev_t dev) {
    make(req, "MKNOD", op::mknod, "mknod", parent, name,
         [mode, dev, who = credentials_of(req)](directory_store& store, node& p, const char* n, entry& e) {
             return store.mknod(p, n, mode, dev, who, e.f, e.st);
         });
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode) {
    make(req, "MKDIR", op::mkdir, "mkdir", parent, name,
         [mode, who = credentials_of(req)](directory_store& store, node& p, const char* n, entry& e) {
             return store.mkdir(p, n, mode, who, e.f, e.st);
         });
}

void op_symlink(fuse_req_t req, const char* target, fuse_ino_t parent, const char* name) {
    make(req, "SYMLINK", op::symlink, "symlink", parent, name,
         [to = std::string{target}, who = credentials_of(req)](directory_store& store, node& p, const char* n,
                                                               entry& e) {
             return store.symlink(to.c_str(), p, n, who, e.f, e.st);
         });
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    node& f = s.known(ino);
    s.fs.touched(f);
    make(req, "LINK", op::link, "link", parent, name, [&f](directory_store& store, node& p, const char* n, entry& e) {
        e.f = &f;
        return store.link(f, p, n, e.st);
    });
}

/// UNLINK, RMDIR
sched::task<> remove(impl& s, request& r, bool directory, node& parent, std::string name) {
    const op what = directory ? op::rmdir : op::unlink;
    if (!s.admit(r, directory ? "RMDIR" : "UNLINK", true)) co_return;
    if (s.fs.may_fault(what))
        if (co_await fails(s, r, what, parent, name.c_str())) co_return;
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
        if (co_await fails(s, r, op::rename, from, name.c_str())) co_return;
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
    ops.lookup = op_lookup;
    ops.forget = op_forget;
    ops.forget_multi = op_forget_multi;
    ops.getattr = op_getattr;
    ops.setattr = op_setattr;
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
