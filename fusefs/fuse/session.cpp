#include "fusefs/fuse/session.hpp"

#include "fusefs/fuse/session_impl.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace drainlab::fuse {

namespace {

constexpr int requests_per_turn = 32;  // then the other descriptors get their turn

// libfuse reads and writes through these, so that kill_request sees what goes by.
ssize_t device_writev(int fd, iovec* iov, int count, void* data) {
    static_cast<session::impl*>(data)->raw.answer(iov, count);
    return ::writev(fd, iov, count);
}
ssize_t device_read(int fd, void* buffer, std::size_t size, void* data) {
    const ssize_t got = ::read(fd, buffer, size);
    if (got <= 0) return got;
    return static_cast<ssize_t>(static_cast<session::impl*>(data)->raw.read(buffer, static_cast<std::size_t>(got)));
}

/// One receive buffer for all sessions: one loop thread, one request at a time.
fuse_buf& receive_buffer() {
    static fuse_buf buffer{};
    return buffer;
}

}  // namespace

session::impl::~impl() {
    *alive = false;
    answer_kept();
    DRAINLAB_CHECK(count.parked == 0);
    for (open_file* h : files) delete h;  // without a gate the kernel may drop their RELEASE with the connection
    for (open_directory* d : directories) delete d;
    if (device.is_open()) device.release();  // libfuse closes it
    if (se) fuse_session_destroy(se);
}

void session::impl::wait_for_request() {
    device.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, token = alive](const boost::system::error_code& error) {
                          if (!*token || error == boost::asio::error::operation_aborted || ended) return;
                          serve_some();
                      });
}

void session::impl::serve_some() {
    // A caller on its own has no second request ready: only where there were several last time is another look worth its cost.
    int served = 0;
    do {
        if (!serve_one()) break;
        ++served;
    } while (busy ? served < requests_per_turn : served < 1);
    busy = busy ? served > 1 : ++lone_turns % 16 == 0;
    if (!ended) wait_for_request();
}

bool session::impl::serve_one() {
    if (ended) return false;
    fuse_buf& buffer = receive_buffer();
    const int got = fuse_session_receive_buf(se, &buffer);
    if (got > 0) {
        fuse_session_process_buf(se, &buffer);
        return true;
    }
    if (got == -EINTR) return true;
    if (got != -EAGAIN) end();  // 0: ENODEV, the superblock is gone; else the connection was aborted
    return false;
}

void session::impl::end() {
    if (std::exchange(ended, true)) return;
    device.release();
    boost::asio::post(io, [this, token = alive] {
        if (*token && events.on_end) events.on_end();
    });
}

void session::impl::park(std::string name, sched::task<> body) {
    ++count.parked;
    const auto work = [](impl& s, sched::task<> inner) -> sched::task<> {
        co_await inner;
        if (--s.count.parked == 0) s.host.sched.wake_all(&s.count.parked);
    };
    host.sched.spawn(std::move(name), work(*this, std::move(body)));
}

bool session::impl::admit(fuse_req_t req, const char* what) {
    ++count.requests;
    const pid_t tid = fuse_req_ctx(req)->pid;
    if (tid) host.cpus.note_caller(static_cast<std::uint64_t>(tid));
    if (!dying) return true;
    fuse_reply_err(req, EIO);
    if (events.on_violation)
        events.on_violation(std::string{what} + " of thread " + std::to_string(tid) + " after shutdown had begun");
    return false;
}

bool session::impl::fails(fuse_req_t req, storage::device_op op, storage::node& f, const char* name) {
    const int err = fs.fault(op, f, name);
    if (err) fuse_reply_err(req, err);
    return err != 0;
}

kernel::memcg_ptr session::impl::payer(fuse_req_t req) {
    if (auto m = callers.of(fuse_req_ctx(req)->pid)) return m;
    ++count.unknown_caller;
    return host.root_memcg;
}

// ---- the public face -----------------------------------------------------------------------------------------------

session::session(std::unique_ptr<impl> i) : impl_{std::move(i)} {}
session::~session() = default;

std::unique_ptr<session> session::create(const session_options& options, const environment& env,
                                         storage::filesystem& fs, session_events events, int& err, std::string& error) {
    auto s = std::make_unique<impl>(env, fs, std::move(events));
    if (fs.store().root().is_private) s->entry_timeout = s->attr_timeout = 3600;  // nobody else changes it
    err = make_mount(options, s->mount, error);
    if (err) return nullptr;

    fuse_lowlevel_ops ops{};
    add_session_operations(ops);
    add_name_operations(ops);
    add_data_operations(ops);
    add_directory_operations(ops);
    add_xattr_operations(ops);
    char name[] = "drainfs";
    char* argv[] = {name, nullptr};
    fuse_args args = FUSE_ARGS_INIT(1, argv);
    s->se = fuse_session_new(&args, &ops, sizeof ops, s.get());
    fuse_opt_free_args(&args);
    fuse_custom_io through{};
    through.writev = device_writev;
    through.read = device_read;
    if (!s->se || fuse_session_custom_io(s->se, &through, s->mount.fuse.get()) != 0) {
        err = EMFILE;
        error = "mount point " + options.dir.string() + ": libfuse made no session (it can have 1024 in one process)";
        return nullptr;
    }
    s->device.assign(s->mount.fuse.release());  // the session owns it from here on
    s->wait_for_request();
    return std::unique_ptr<session>{new session{std::move(s)}};
}

dev_t session::st_dev() const noexcept { return impl_->mount.dev; }
std::uint64_t session::mount_id() const noexcept { return impl_->mount.mount_id; }
bool session::direct_mount() const noexcept { return impl_->mount.direct; }
bool session::allow_other() const noexcept { return impl_->mount.allow_other; }
bool session::dying() const noexcept { return impl_->dying; }
bool session::ended() const noexcept { return impl_->ended; }

session_counters session::counters() const {
    session_counters c = impl_->count;
    c.inodes = impl_->fs.store().nodes().known();
    return c;
}

sched::task<> session::prepare_shutdown() {
    impl& s = *impl_;
    while (s.serve_one()) {}
    s.dying = true;
    while (s.count.parked > 0) co_await s.host.sched.wait_on(&s.count.parked, "requests being worked on");
}

}  // namespace drainlab::fuse
