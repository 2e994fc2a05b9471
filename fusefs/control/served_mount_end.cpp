// Its end: the superblock's shutdown, the connection's end, and what is cleared away after both.
#include "fusefs/control/served_mount_parts.hpp"
#include "fusefs/storage/filesystem.hpp"
#include "fusefs/trace/hub.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace drainlab::control {

void served_mount::reached(phase p, std::int64_t t_ns) {
    auto& at = phases_[static_cast<std::size_t>(p)];
    if (at != 0) return;
    at = t_ns;
    owner_.on_changed(*this);
}

void served_mount::on_detached(std::int64_t t_ns) {
    if (state_ == mount_state::live) state_ = mount_state::detached;
    parts_.events.emit({.t_ns = t_ns, .name = "detached", .mount = request_.name});
    reached(phase::detached, t_ns);
}

void served_mount::on_dying() {
    parts_.events.emit({.name = "dying", .mount = request_.name});
    begin_shutdown();
}

void served_mount::on_connection_end() {
    session_ended_ = true;
    parts_.events.emit({.name = "connection_ended", .mount = request_.name});
    if (auto tell = std::exchange(ready_, nullptr)) tell("the connection ended at once");
    gated_ = parts_.watch.waited_to_the_end(id_);
    parts_.watch.remove(id_);
    name_may_remain_ = phase_ns(phase::detached) == 0;
    reached(phase::detached, now_ns());
    begin_shutdown();
    dead_when_over();
}

void served_mount::begin_shutdown() {
    if (std::exchange(shutting_down_, true)) return;
    state_ = mount_state::dying;
    owner_.on_changed(*this);
    watch_limit(parts_.drain_limit);
    parts_.host.sched.spawn("umount " + request_.name, shut_down(shared_from_this()));
}

/// What deactivate_super() does in the unmounter's task.
sched::task<> served_mount::shut_down([[maybe_unused]] std::shared_ptr<served_mount> self) {
    const auto begun = parts_.host.sched.now();
    if (session_) co_await session_->prepare_shutdown();  // also after the end: requests may still be worked on
    co_await kernel::deactivate_super(*sb_);
    // The store is free when the unmounter returns: nobody reads it any more, and nothing of it stays open. For a
    // private one nobody else waits.
    if (session_) session_->close_directories();
    const bool opens_first = fs_->is_private();
    if (opens_first) parts_.watch.open(id_);
    const auto patience = std::max<std::chrono::nanoseconds>(
        std::chrono::nanoseconds{std::chrono::seconds{2}},
        std::chrono::nanoseconds{parts_.drain_limit} - (parts_.host.sched.now() - begun));
    if (!co_await fs_->close_store(parts_.host.sched.now() + patience))
        spdlog::error("{}: its store does not answer: left alone, it stays in use until it does", request_.dir);
    model_done_ = true;
    if (!opens_first) parts_.watch.open(id_);
    dead_when_over();
}

void served_mount::dead_when_over() {
    if (!model_done_ || !session_ended_ || state_ == mount_state::dead) return;
    state_ = mount_state::dead;
    timers_->limit.cancel();
    reached(phase::dead, now_ns());
    clear_away();
}

/// False while a mount whose connection has ended is still in the table. MNT_FORCE ends the connection before it looks
/// whether the mount is busy: if it was, the name stays behind, dead, and we take it away. An unmounter in the middle
/// of the call gets a moment first.
bool served_mount::name_is_gone() {
    constexpr int patience = 5;
    if (!name_may_remain_ || !session_ || ++name_looks_ > patience + 10) return true;
    const auto line = os::find_mount(*os::current_mounts(), who_);
    if (!line) return true;
    if (name_looks_ == patience + 1) {
        spdlog::warn("{}: its connection was cut by force while somebody held it: detaching the name", request_.dir);
        owner_.take_away(*this);
    }
    return false;
}

/// The session may go in a later turn of the loop, once nothing works for it any more.
void served_mount::clear_away() {
    timers_->clearing.expires_after(std::chrono::milliseconds{name_may_remain_ ? 20 : 1});
    timers_->clearing.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (error || self->abandoned_) return;
        const bool busy = self->session_ && self->session_->counters().parked > 0;
        if (busy || !self->name_is_gone()) return self->clear_away();
        self->state_ = mount_state::gone;
        self->owner_.on_gone(*self);
    });
}

namespace {

/// sync_filesystem() under s_umount, as sync(2) does it.
sched::task<> sync_now(std::shared_ptr<served_mount> keep, std::shared_ptr<kernel::super_block> sb, bool& at_work) {
    {
        const auto shared = co_await sb->s_umount.down_read();
        if (sb->state == kernel::sb_state::live) co_await kernel::sync_filesystem(*sb);
    }
    at_work = false;
    keep.reset();
}

}  // namespace

bool served_mount::hurry() {
    if (!sb_ || state_ == mount_state::dead || state_ == mount_state::gone) return true;
    request_.umount_delay = milliseconds{0};
    set_hold(std::nullopt);
    const bool store_is_quiet = fs_->pending_calls().empty();
    if (unwritten().empty() && store_is_quiet && !hurrying_) return true;
    if (!shutting_down_ && !std::exchange(hurrying_, true))
        parts_.host.sched.spawn("sync " + request_.name, sync_now(shared_from_this(), sb_, hurrying_));
    return false;
}

std::vector<lost_file> served_mount::unwritten() const {
    if (!fs_ || !sb_ || fs_->is_private()) return {};
    std::vector<lost_file> all;
    for (const auto& u : fs_->unwritten()) all.push_back({request_.name, request_.dir, u.path, u.bytes});
    return all;
}

void served_mount::abandon() {
    if (std::exchange(abandoned_, true)) return;
    timers_->limit.cancel();
    timers_->clearing.cancel();
    boost::system::error_code ignored;
    timers_->companion.close(ignored);
    parts_.watch.remove(id_);
    if (sb_) sb_->on_phase = nullptr;
    session_.reset();  // answers what still waits for its store
}

}  // namespace drainlab::control
