#include "fusefs/fuse/session.hpp"

#include "fusefs/fuse/session_impl.hpp"

#include <linux/fuse.h>

#include <unistd.h>

namespace drainlab::fuse {

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

session::session(std::unique_ptr<impl> i) : impl_{std::move(i)} {}
session::~session() = default;

std::unique_ptr<session> session::create(new_mount made, const environment& env, storage::filesystem& fs,
                                         session_events events, std::string& error) {
    auto s = std::make_unique<impl>(env, fs, std::move(events));
    s->choose_timeouts();
    s->mount = std::move(made);

    if (!s->make_libfuse_session()) {
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
