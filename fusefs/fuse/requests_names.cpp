// Operations on names and attributes. Thin: one call on the store, one reply.
#include "fusefs/fuse/caller.hpp"
#include "fusefs/fuse/session_impl.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace drainlab::fuse {

using impl = session::impl;
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

void session::impl::reply_entry(fuse_req_t req, node& f, struct stat& st) {
    const fuse_entry_param e = entry_for(f, st);
    if (fuse_reply_entry(req, &e) != 0) fs.forget(f, 1);  // the caller was killed: the kernel has not taken it
}

void session::impl::reply_attr(fuse_req_t req, node& f) {
    struct stat st {};
    if (const int err = fs.getattr(f, st))
        fuse_reply_err(req, err);
    else
        fuse_reply_attr(req, &st, attr_timeout);
}

namespace {

bool in_group(fuse_req_t req, gid_t gid) {
    if (fuse_req_ctx(req)->gid == gid) return true;
    const auto groups = supplementary_groups_of(fuse_req_ctx(req)->pid);
    return std::find(groups.begin(), groups.end(), gid) != groups.end();
}

}  // namespace

void session::impl::kill_suidgid_of(fuse_req_t req, node& f) {
    struct stat st {};
    if (!S_ISREG(f.type) || fs.store().getattr(f, st) != 0) return;
    mode_t kept = st.st_mode & ~static_cast<mode_t>(S_ISUID);
    const bool program = st.st_mode & S_IXGRP;
    if ((st.st_mode & S_ISGID) && (program || !in_group(req, st.st_gid))) kept &= ~static_cast<mode_t>(S_ISGID);
    if (kept == st.st_mode) return;
    fs.store().chmod(f, kept & 07777);
    fuse_lowlevel_notify_inval_inode(se, id_of(f), -1, 0);  // the attributes only
}

namespace {

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    if (!s.admit(req, "LOOKUP") || s.fails(req, op::lookup, s.known(parent), name)) return;
    node* f{};
    struct stat st {};
    const int err = s.fs.store().lookup(s.known(parent), name, f, st);
    if (err == ENOENT && s.entry_timeout > 1) {  // nobody else makes names in a private store: the kernel may remember
        fuse_entry_param none{};
        none.entry_timeout = s.entry_timeout;
        fuse_reply_entry(req, &none);
    } else if (err) {
        fuse_reply_err(req, err);
    } else {
        s.reply_entry(req, *f, st);
    }
}

void op_forget(fuse_req_t req, fuse_ino_t ino, std::uint64_t n) {
    impl& s = impl::of(req);
    s.fs.forget(s.known(ino), n);
    fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, std::size_t count, fuse_forget_data* all) {
    impl& s = impl::of(req);
    for (std::size_t k = 0; k < count; ++k) s.fs.forget(s.known(all[k].ino), all[k].nlookup);
    fuse_reply_none(req);
}

void op_getattr(fuse_req_t req, fuse_ino_t ino, fuse_file_info*) {
    impl& s = impl::of(req);
    if (s.admit(req, "GETATTR") && !s.fails(req, op::getattr, s.known(ino))) s.reply_attr(req, s.known(ino));
}

timespec time_to_set(int to_set, int omit_unless, int now, const timespec& given) {
    if (!(to_set & omit_unless)) return {0, UTIME_OMIT};
    return to_set & now ? timespec{0, UTIME_NOW} : given;
}

/// Everything but the size.
int set_attributes(impl& s, node& f, const struct stat& attr, int to_set) {
    if (to_set & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
        const uid_t uid = to_set & FUSE_SET_ATTR_UID ? attr.st_uid : static_cast<uid_t>(-1);
        const gid_t gid = to_set & FUSE_SET_ATTR_GID ? attr.st_gid : static_cast<gid_t>(-1);
        if (const int err = s.fs.store().chown(f, uid, gid)) return err;
    }
    if (to_set & FUSE_SET_ATTR_MODE)
        if (const int err = s.fs.store().chmod(f, attr.st_mode)) return err;
    if (!(to_set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME))) return 0;
    const timespec times[2] = {time_to_set(to_set, FUSE_SET_ATTR_ATIME, FUSE_SET_ATTR_ATIME_NOW, attr.st_atim),
                               time_to_set(to_set, FUSE_SET_ATTR_MTIME, FUSE_SET_ATTR_MTIME_NOW, attr.st_mtim)};
    return s.fs.utimens(f, times);
}

sched::task<> set_size(impl& s, fuse_req_t req, node& f, struct stat attr, int to_set) {
    int err = co_await s.fs.truncate(f, attr.st_size);
    if (!err) err = set_attributes(s, f, attr, to_set);
    if (err)
        fuse_reply_err(req, err);
    else
        s.reply_attr(req, f);
}

void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat* attr, int to_set, fuse_file_info*) {
    impl& s = impl::of(req);
    if (!s.admit(req, "SETATTR")) return;
    node& f = s.known(ino);
    if (s.fails(req, to_set & FUSE_SET_ATTR_SIZE ? op::truncate : op::setattr, f)) return;
    if (s.raw.kills()) s.kill_suidgid_of(req, f);
    if (to_set & FUSE_SET_ATTR_SIZE)
        s.park("setattr", set_size(s, req, f, *attr, to_set));
    else if (const int err = set_attributes(s, f, *attr, to_set))
        fuse_reply_err(req, err);
    else
        s.reply_attr(req, f);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino) {
    impl& s = impl::of(req);
    if (!s.admit(req, "READLINK") || s.fails(req, op::readlink, s.known(ino))) return;
    std::string target;
    if (const int err = s.fs.store().readlink(s.known(ino), target))
        fuse_reply_err(req, err);
    else
        fuse_reply_readlink(req, target.c_str());
}

void made(impl& s, fuse_req_t req, int err, node* f, struct stat& st) {
    if (err)
        fuse_reply_err(req, err);
    else
        s.reply_entry(req, *f, st);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode, dev_t dev) {
    impl& s = impl::of(req);
    if (!s.admit(req, "MKNOD") || s.fails(req, op::mknod, s.known(parent), name)) return;
    node* f{};
    struct stat st {};
    const int err = s.fs.store().mknod(s.known(parent), name, mode, dev, impl::credentials_of(req), f, st);
    made(s, req, err, f, st);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char* name, mode_t mode) {
    impl& s = impl::of(req);
    if (!s.admit(req, "MKDIR") || s.fails(req, op::mkdir, s.known(parent), name)) return;
    node* f{};
    struct stat st {};
    const int err = s.fs.store().mkdir(s.known(parent), name, mode, impl::credentials_of(req), f, st);
    made(s, req, err, f, st);
}

void op_symlink(fuse_req_t req, const char* target, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    if (!s.admit(req, "SYMLINK") || s.fails(req, op::symlink, s.known(parent), name)) return;
    node* f{};
    struct stat st {};
    const int err = s.fs.store().symlink(target, s.known(parent), name, impl::credentials_of(req), f, st);
    made(s, req, err, f, st);
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    if (!s.admit(req, "LINK") || s.fails(req, op::link, s.known(parent), name)) return;
    struct stat st {};
    node& f = s.known(ino);
    const int err = s.fs.store().link(f, s.known(parent), name, st);
    made(s, req, err, &f, st);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    if (s.admit(req, "UNLINK") && !s.fails(req, op::unlink, s.known(parent), name))
        fuse_reply_err(req, s.fs.store().unlink(s.known(parent), name));
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char* name) {
    impl& s = impl::of(req);
    if (s.admit(req, "RMDIR") && !s.fails(req, op::rmdir, s.known(parent), name))
        fuse_reply_err(req, s.fs.store().rmdir(s.known(parent), name));
}

void op_rename(fuse_req_t req, fuse_ino_t from, const char* name, fuse_ino_t to, const char* new_name, unsigned flags) {
    impl& s = impl::of(req);
    if (s.admit(req, "RENAME") && !s.fails(req, op::rename, s.known(from), name))
        fuse_reply_err(req, s.fs.store().rename(s.known(from), name, s.known(to), new_name, flags));
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
