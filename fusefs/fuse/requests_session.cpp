// INIT, STATFS and what else is about the mount as a whole.
#include "fusefs/fuse/session_impl.hpp"

#include <cerrno>

namespace drainlab::fuse {

/// A STATFS kept by the session's owner.
struct session::impl::kept_statfs final : statfs_call {
    kept_statfs(impl& s, fuse_req_t r) : owner{&s}, req{r} {
        tid = fuse_req_ctx(r)->pid;
        device = s.device.native_handle();
        unique = s.raw.unique();
    }
    ~kept_statfs() override { answer(); }
    void answer() override {
        fuse_req_t r = std::exchange(req, nullptr);
        if (!r) return;
        struct statvfs st {};
        st.f_namemax = 255;
        fuse_reply_statfs(r, &st);
    }
    bool answered() const override { return req == nullptr; }
    void interrupt() {
        fuse_req_t r = std::exchange(req, nullptr);
        if (!r) return;
        fuse_reply_err(r, EINTR);
        if (owner->events.on_statfs_interrupted) owner->events.on_statfs_interrupted(*this);
    }
    impl* owner;
    fuse_req_t req;
};

namespace {

using impl = session::impl;

void op_init(void* data, fuse_conn_info* conn) {
    impl& s = *static_cast<impl*>(data);
    const auto want = [&](unsigned flag, bool on) {
        if (on)
            conn->want |= conn->capable & flag;
        else
            conn->want &= ~flag;
    };
    // Setuid and setgid bits go as kill_suidgid.hpp says; on a
    // kernel without that, by a SETATTR of its own before the write.
    want(FUSE_CAP_HANDLE_KILLPRIV, false);
    want(FUSE_CAP_WRITEBACK_CACHE, false);  // a cached write has no trustworthy pid
    want(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE, false);
    want(FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ASYNC_DIO | FUSE_CAP_DONT_MASK, true);
    // The store is told whose umask and applies it, or a default ACL
    // in its place. ACLs are asked for only where the store has them.
    want(FUSE_CAP_POSIX_ACL, s.fs.has_acls());
    if (s.fs.is_private()) want(FUSE_CAP_AUTO_INVAL_DATA, false);
    conn->max_background = 64;
    conn->congestion_threshold = 48;
    conn->time_gran = 1;
    if (s.events.on_ready) s.events.on_ready();
}

sched::task<> statfs(impl& s, request& r) {
    struct statvfs st {};
    if (const int err = co_await s.fs.statfs(st))
        r.error(err);
    else
        r.statfs(st);
}

void op_statfs(fuse_req_t req, fuse_ino_t) {
    impl& s = impl::of(req);
    ++s.count.requests;
    if (s.events.on_statfs) {
        auto call = std::make_shared<impl::kept_statfs>(s, req);
        if (s.events.on_statfs(call)) {
            if (call->answered()) return;
            std::erase_if(s.kept, [](const auto& k) { return k.expired(); });
            s.kept.push_back(call);
            fuse_req_interrupt_func(
                req, [](fuse_req_t, void* data) { static_cast<impl::kept_statfs*>(data)->interrupt(); }, call.get());
            return;
        }
        call->req = nullptr;  // an ordinary caller, who wants to know
    }
    s.serve(req, "statfs", [&](request& r) { return statfs(s, r); });
}

void op_ioctl(fuse_req_t req, fuse_ino_t, unsigned, void*, fuse_file_info*, unsigned, const void*, std::size_t,
              std::size_t) {
    impl& s = impl::of(req);
    s.serve_now(req, "ioctl", [&](request& r) {
        if (s.admit(r, "IOCTL")) r.error(ENOTTY);
    });
}

}  // namespace

void session::impl::answer_kept() {
    for (const auto& weak : std::exchange(kept, {}))
        if (const auto call = weak.lock()) call->answer();
}

void add_session_operations(fuse_lowlevel_ops& ops) {
    ops.init = op_init;
    ops.statfs = op_statfs;
    ops.ioctl = op_ioctl;
}

}  // namespace drainlab::fuse
