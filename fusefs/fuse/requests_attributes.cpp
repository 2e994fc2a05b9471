// Attributes: GETATTR, SETATTR, and the setuid and setgid bits that a change takes away.
#include "fusefs/fuse/caller.hpp"
#include "fusefs/fuse/session_impl.hpp"

#include <algorithm>
#include <fcntl.h>

namespace drainlab::fuse {

using impl = session::impl;
using storage::directory_store;
using storage::node;
using op = storage::device_op;

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
        if (co_await s.fails(r, what, f)) co_return;
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

}  // namespace

void add_attribute_operations(fuse_lowlevel_ops& ops) {
    ops.getattr = op_getattr;
    ops.setattr = op_setattr;
}

}  // namespace drainlab::fuse
