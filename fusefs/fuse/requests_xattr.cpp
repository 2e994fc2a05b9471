// Extended attributes.
#include "fusefs/fuse/session_impl.hpp"

#include <cerrno>

namespace drainlab::fuse {

using impl = session::impl;

namespace {

/// An ACL was set by an owner who is not in the file's group.
void kill_sgid(storage::directory_store& store, storage::node& f) {
    struct stat st {};
    if (store.getattr(f, st) == 0 && (st.st_mode & S_ISGID)) store.chmod(f, st.st_mode & 07777 & ~S_ISGID);
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char* name, const char* value, std::size_t size, int flags) {
    impl& s = impl::of(req);
    if (!s.admit(req, "SETXATTR") || s.fails(req, storage::device_op::setxattr, s.known(ino))) return;
    const int err = s.fs.store().setxattr(s.known(ino), name, value, size, flags);
    if (!err && s.raw.kills()) kill_sgid(s.fs.store(), s.known(ino));
    fuse_reply_err(req, err);
}

void reply_value(fuse_req_t req, int err, const std::vector<char>& value, std::size_t asked, std::size_t got) {
    if (err)
        fuse_reply_err(req, err);
    else if (asked == 0)
        fuse_reply_xattr(req, got);
    else
        fuse_reply_buf(req, value.data(), got);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char* name, std::size_t size) {
    impl& s = impl::of(req);
    if (!s.admit(req, "GETXATTR") || s.fails(req, storage::device_op::getxattr, s.known(ino))) return;
    std::vector<char> value(size);
    std::size_t got = 0;
    const int err = s.fs.store().getxattr(s.known(ino), name, value.data(), size, got);
    reply_value(req, err, value, size, got);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, std::size_t size) {
    impl& s = impl::of(req);
    if (!s.admit(req, "LISTXATTR") || s.fails(req, storage::device_op::getxattr, s.known(ino))) return;
    std::vector<char> list(size);
    std::size_t got = 0;
    const int err = s.fs.store().listxattr(s.known(ino), list.data(), size, got);
    reply_value(req, err, list, size, got);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char* name) {
    impl& s = impl::of(req);
    if (s.admit(req, "REMOVEXATTR") && !s.fails(req, storage::device_op::setxattr, s.known(ino)))
        fuse_reply_err(req, s.fs.store().removexattr(s.known(ino), name));
}

}  // namespace

void add_xattr_operations(fuse_lowlevel_ops& ops) {
    ops.setxattr = op_setxattr;
    ops.getxattr = op_getxattr;
    ops.listxattr = op_listxattr;
    ops.removexattr = op_removexattr;
}

}  // namespace drainlab::fuse
