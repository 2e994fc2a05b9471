#include "fusefs/fuse/session.hpp"

#include "fusefs/fuse/session_impl.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <linux/fuse.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>
#include <unistd.h>

namespace drainlab::fuse {

namespace {

constexpr int requests_per_turn = 32;                             // then the other descriptors get their turn
constexpr std::size_t page = 4096, longest_request = page * 258;  // a write of 1 MiB, and libfuse's page for headers
/// So that what is written begins with a page: then the kernel copies page by page, here and
/// into the store. In any other place each page is two pieces, and copied at half the speed.
constexpr std::size_t before_data = sizeof(fuse_in_header) + sizeof(fuse_write_in);

// libfuse reads and writes through these, so that kill_request sees what goes by.
ssize_t device_writev(int fd, iovec* iov, int count, void* data) {
    session::impl& s = *static_cast<session::impl*>(data);
    s.raw.answer(iov, count);
    s.faults.on_answer(iov, count);
    const ssize_t sent = ::writev(fd, iov, count);
    s.faults.on_answered(iov, sent >= 0);
    return sent;
}
ssize_t device_read(int fd, void* buffer, std::size_t size, void* data) {
    const ssize_t got = ::read(fd, buffer, std::min(size, longest_request));
    if (got <= 0) return got;
    return static_cast<ssize_t>(static_cast<session::impl*>(data)->raw.read(buffer, static_cast<std::size_t>(got)));
}

/// One receive buffer for all sessions: one loop thread, one request at a time.
fuse_buf& receive_buffer() {
    static fuse_buf buffer{};
    if (!buffer.mem) {
        auto* const pages = static_cast<char*>(std::aligned_alloc(page, page + longest_request));
        if (!pages) throw std::bad_alloc{};
        buffer.mem = pages + page - before_data;
    }
    return buffer;
}

}  // namespace

session::impl::~impl() {
    *alive = false;
    answer_kept();
    requests.answer_all(EIO);
    faults.answer_all();
    work.abandon();
    for (open_file* h : files) delete h;  // without a gate the kernel may drop their RELEASE with the connection
    for (open_directory* d : directories) delete d;
    if (device.is_open()) device.release();  // libfuse closes it
    if (se) fuse_session_destroy(se);
}

void session::impl::may_be_interrupted(request& r, fuse_req_t req) {
    if (fuse_req_interrupted(req))
        return interrupted.arrived(r);  // libfuse would call us under a lock of `req`, which an answer frees
    const auto arrived = [](fuse_req_t which, void* data) {
        impl::of(which).interrupted.arrived(*static_cast<request*>(data));
    };
    fuse_req_interrupt_func(req, arrived, &r);
}

void session::impl::wait_for_request() {
    device.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, token = alive](const boost::system::error_code& error) {
                          if (!*token || error == boost::asio::error::operation_aborted || ended) return;
                          serve_some();
                      });
}

/// Another look without being told costs a fifth of what it saves where it
/// finds a request: it is taken as long as one in five does, and now and then.
void session::impl::serve_some() {
    for (int served = 0; served < requests_per_turn; ++served) {
        if (served > 0 && hope == 0 && ++lone_turns % 8 != 0) break;
        const bool found = serve_one();
        if (served > 0) hope = found ? std::min(hope + 4, 16) : std::max(hope - 1, 0);
        if (!found) break;
    }
    if (!ended) wait_for_request();
}

bool session::impl::serve_one() {
    if (ended) return false;
    fuse_buf& buffer = receive_buffer();
    const int got = fuse_session_receive_buf(se, &buffer);
    if (got > 0) {
        if (faults.idle() || !faults.takes(buffer.mem, static_cast<std::size_t>(got), raw.kills(), work))
            fuse_session_process_buf(se, &buffer);
        return true;
    }
    if (got == -EINTR) return true;
    if (got != -EAGAIN) end();  // 0: ENODEV, the superblock is gone; else the connection was aborted
    return false;
}

void session::impl::process(std::vector<char>& bytes, bool kills) {
    fuse_in_header header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    raw.recall(kills, header.unique);
    fuse_buf buffer{};
    buffer.mem = bytes.data();
    buffer.size = bytes.size();
    fuse_session_process_buf(se, &buffer);
}

int session::impl::answer(const void* bytes, std::size_t size) {
    ++count.requests;  // that no handler sees
    return ::write(fuse_session_fd(se), bytes, size) < 0 ? -errno : 0;
}

/// What the kernel remembers it does not ask, and no fault can touch it.
void session::impl::choose_timeouts() {
    const bool faulty = !faults.rules().empty(), shrinks = fs.cache().lose_unsynced;
    entry_timeout = attr_timeout = faulty || shrinks ? 0
                                   : fs.is_private() ? 3600
                                                     : 1;  // nobody else changes a private store
}

/// From now on the kernel looks every name up again. Linux 6.16; before that it does once its time is over.
void session::impl::forget_names() const {
    constexpr int notify_inc_epoch = 8;
    const fuse_out_header out{sizeof out, notify_inc_epoch, 0};
    [[maybe_unused]] const ssize_t sent = ::write(fuse_session_fd(se), &out, sizeof out);
}

sched::task<std::string> session::impl::path_of(std::uint64_t node, std::string name) {
    storage::node& f = known(node);
    auto path_call = fs.calls().names<std::string>("path of a file", [&f, name](storage::directory_store&, auto& out) {
        out = storage::path_in_mount(f, name.empty() ? nullptr : name.c_str());
        return 0;
    });
    const auto got = co_await path_call;
    co_return got.out;
}

void session::impl::end() {
    if (std::exchange(ended, true)) return;
    device.release();
    boost::asio::post(io, [this, token = alive] {
        if (*token && events.on_end) events.on_end();
    });
}

bool session::impl::admit(request& r, const char* what, bool changes) {
    ++count.requests;
    const pid_t tid = r.caller().pid;
    if (tid) host.cpus.note_caller(static_cast<std::uint64_t>(tid));
    if (!dying) {
        if (!changes || !fs.read_only()) return true;
        r.error(EROFS);  // remounted read-write: but the store is shared with others that only read
        return false;
    }
    r.error(EIO);
    if (events.on_violation)
        events.on_violation(std::string{what} + " of thread " + std::to_string(tid) + " after shutdown had begun");
    return false;
}

sched::task<bool> session::impl::fails(request& r, storage::device_op what, storage::node& f, const char* name) {
    const int err = co_await fs.fault(what, f, name);
    if (err) r.error(err);
    co_return err != 0;
}

int session::impl::trouble(std::string_view what, const std::exception_ptr& thrown) const noexcept {
    int err = EIO;
    try {
        std::string why = "an unknown exception";
        try {
            std::rethrow_exception(thrown);
        } catch (const std::bad_alloc&) {
            err = ENOMEM;
            why = "out of memory";
        } catch (const std::system_error& e) {
            if (e.code().value() > 0 && e.code().value() < 4096) err = e.code().value();
            why = e.what();
        } catch (const std::exception& e) { why = e.what(); } catch (...) {
        }
        if (events.on_trouble)
            events.on_trouble(std::string{what} + ": " + why + "; the caller gets " + storage::errno_name(err));
    } catch (...) {  // no memory for words
    }
    return err;
}

kernel::memcg_ptr session::impl::payer(const request& r) {
    if (auto m = callers.of(r.caller().pid)) return m;
    ++count.unknown_caller;
    return host.root_memcg;
}

// ---- the public face -----------------------------------------------------------------------------------------------

session::session(std::unique_ptr<impl> i) : impl_{std::move(i)} {}
session::~session() = default;

std::unique_ptr<session> session::create(new_mount made, const environment& env, storage::filesystem& fs,
                                         session_events events, std::string& error) {
    auto s = std::make_unique<impl>(env, fs, std::move(events));
    s->choose_timeouts();
    s->mount = std::move(made);

    fuse_lowlevel_ops ops{};
    add_session_operations(ops);
    add_lookup_operations(ops);
    add_attribute_operations(ops);
    add_name_operations(ops);
    add_open_operations(ops);
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
        error = "libfuse made no session (it can have 1024 in one process)";
        return nullptr;
    }
    s->faults.refresh();
    s->device.assign(s->mount.fuse.release());  // the session owns it from here on
    s->wait_for_request();
    return std::unique_ptr<session>{new session{std::move(s)}};
}

const os::mount_identity& session::mount_id() const noexcept { return impl_->mount.who; }
bool session::direct_mount() const noexcept { return impl_->mount.direct; }
bool session::allow_other() const noexcept { return impl_->mount.allow_other; }
bool session::dying() const noexcept { return impl_->dying; }
bool session::ended() const noexcept { return impl_->ended; }

session_counters session::counters() const {
    session_counters c = impl_->count;
    c.inodes = impl_->fs.nodes().known();
    c.parked = impl_->work.count();
    return c;
}

sched::task<> session::prepare_shutdown() {
    impl& s = *impl_;
    while (s.serve_one()) {}
    s.dying = true;
    s.faults.end();
    co_await s.work.empty(s.host.sched);
}

bool session::add_fault(fault::rule r) {
    const bool added = impl_->faults.rules().add(std::move(r));
    impl_->faults.refresh();
    impl_->choose_timeouts();
    if (!impl_->ended) impl_->forget_names();
    return added;
}

std::size_t session::clear_faults(const std::string& name) {
    const std::size_t cleared = impl_->faults.clear(name);
    impl_->choose_timeouts();
    return cleared;
}

std::size_t session::release_faults(const std::string& name) { return impl_->faults.release(name); }
const fault::rules& session::faults() const noexcept { return impl_->faults.rules(); }
void session::device_changed() { impl_->faults.refresh(); }

void session::close_directories() {
    for (open_directory* d : impl_->directories) d->stream.reset();
}

}  // namespace drainlab::fuse
