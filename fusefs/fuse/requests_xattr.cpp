// Extended attributes.
#include "fusefs/fuse/session_impl.hpp"

#include <cerrno>

namespace drainlab::fuse {

using impl = session::impl;

namespace {

using op = storage::device_op;
using storage::directory_store;
using storage::node;

sched::task<int> fault(impl& s, op what, node& f) {
    if (!s.fs.may_fault(what)) co_return 0;
    co_return co_await s.fs.fault(what, f);
}

sched::task<> setxattr(impl& s, request& r, node& f, std::string name, std::string value, int flags, bool kill_sgid) {
    if (!s.admit(r, "SETXATTR", true)) co_return;
    int err = co_await fault(s, op::setxattr, f);
    auto setting =
        s.fs.calls().names("setxattr", [&f, name, value, flags, kill_sgid](directory_store& store, storage::nothing&) {
            if (const int failed = store.setxattr(f, name.c_str(), value.data(), value.size(), flags)) return failed;
            struct stat st {};
            if (!kill_sgid) return 0;  // else an ACL was set by an owner who is not in the file's group
            if (const int failed = store.getattr(f, st)) return failed;
            return st.st_mode & S_ISGID ? store.chmod(f, st.st_mode & 07777 & ~S_ISGID) : 0;
        });
    if (!err) err = (co_await setting).err;
    if (!err) s.fs.touched(f);
    r.error(err);
}

void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char* name, const char* value, std::size_t size, int flags) {
    impl& s = impl::of(req);
    s.serve(req, "setxattr", [&](request& r) {
        return setxattr(s, r, s.known(ino), name, std::string(value, size), flags, s.raw.kills());
    });
}

struct got_value {
    std::vector<char> bytes;
    std::size_t size{};
};

/// GETXATTR; LISTXATTR without a name.
sched::task<> getxattr(impl& s, request& r, node& f, std::string name, std::size_t size) {
    if (!s.admit(r, name.empty() ? "LISTXATTR" : "GETXATTR")) co_return;
    if (const int err = co_await fault(s, op::getxattr, f)) {
        r.error(err);
        co_return;
    }
    auto getting = s.fs.calls().names<got_value>(
        name.empty() ? "listxattr" : "getxattr", [&f, name, size](directory_store& store, got_value& out) {
            out.bytes.resize(size);
            return name.empty() ? store.listxattr(f, out.bytes.data(), size, out.size)
                                : store.getxattr(f, name.c_str(), out.bytes.data(), size, out.size);
        });
    const auto got = co_await getting;
    if (got.err)
        r.error(got.err);
    else if (size == 0)
        r.size(got.out.size);
    else
        r.bytes(got.out.bytes.data(), got.out.size);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char* name, std::size_t size) {
    impl& s = impl::of(req);
    s.serve(req, "getxattr", [&](request& r) { return getxattr(s, r, s.known(ino), name, size); });
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, std::size_t size) {
    impl& s = impl::of(req);
    s.serve(req, "listxattr", [&](request& r) { return getxattr(s, r, s.known(ino), "", size); });
}

sched::task<> removexattr(impl& s, request& r, node& f, std::string name) {
    if (!s.admit(r, "REMOVEXATTR", true)) co_return;
    int err = co_await fault(s, op::setxattr, f);
    auto removing = s.fs.calls().names("removexattr", [&f, name](directory_store& store, storage::nothing&) {
        return store.removexattr(f, name.c_str());
    });
    if (!err) err = (co_await removing).err;
    if (!err) s.fs.touched(f);
    r.error(err);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char* name) {
    impl& s = impl::of(req);
    s.serve(req, "removexattr", [&](request& r) { return removexattr(s, r, s.known(ino), name); });
}

}  // namespace

void add_xattr_operations(fuse_lowlevel_ops& ops) {
    ops.setxattr = op_setxattr;
    ops.getxattr = op_getxattr;
    ops.listxattr = op_listxattr;
    ops.removexattr = op_removexattr;
}

}  // namespace drainlab::fuse
