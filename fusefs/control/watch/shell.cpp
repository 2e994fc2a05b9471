#include "fusefs/control/watch/shell.hpp"

#include "fusefs/gate/thread_place.hpp"
#include "fusefs/os/mount_identity.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <sched.h>
#include <set>
#include <utility>

namespace drainlab::control {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using watch::event;

namespace {

using steady = std::chrono::steady_clock;
constexpr auto stay = 60us;  // how long a prober about to enter the kernel is watched without letting go of the CPU

}  // namespace

// ---- one mount
// ---------------------------------------------------------------------------------------------------------

watched_super::watched_super(asio_umount_watch& owner, watched_mount w, umount_events& tell)
    : owner_{owner},
      m_{std::move(w)},
      tell_{tell},
      timer_{owner.io()},
      runner_{watch::umount_fsm{m_.id, m_.gated, owner.renew_after()}, *this} {}

void watched_super::end() {
    runner_.end();
    timer_.cancel();
    let_go();
}

watch::instant watched_super::now() { return steady::now().time_since_epoch(); }

bool watched_super::arm(std::uint64_t tag) {
    return owner_.gate() && owner_.gate()->send({gate::command::arm, m_.id, tag, m_.dev, 0, {}});
}

bool watched_super::probe(std::uint64_t tag, pid_t unmounter) {
    return owner_.gate() && owner_.gate()->send({gate::command::probe, m_.id, tag, m_.dev, 0, {}, unmounter});
}

bool watched_super::blocked(std::uint64_t tag) {
    auto* const gate = owner_.gate();
    const pid_t thread = gate ? gate->thread_of(tag) : 0;
    return thread != 0 && gate->state_of(thread) == gate::thread_state::blocked;
}

/// The prober is about to enter the kernel: it is blocked within a moment, or its STATFS arrives. Every turn of the
/// loop in between would cost a wake-up, which on a busy machine is the dearest part of an unmount.
bool watched_super::gets_blocked(pid_t tid) {
    for (const auto until = steady::now() + stay; owner_.gate() && steady::now() < until; ::sched_yield()) {
        const auto state = owner_.gate()->state_of(tid);
        if (state != gate::thread_state::running) return state == gate::thread_state::blocked;
    }
    return false;
}

void watched_super::poll_events() { owner_.poll_events(); }
bool watched_super::deactivates(pid_t tid) {
    auto place = gate::thread_place::nowhere;
    return gate::thread_watch{tid}.look(place) && place == gate::thread_place::deactivate_super;
}
bool watched_super::mounted() { return os::mounted_devices().contains(m_.dev); }

void watched_super::keep_call() {
    holder_ = std::move(parked_);
    ready_answer_ = owner_.freeze().arm(holder_->device, holder_->unique);
}

void watched_super::let_go() {
    if (const auto call = std::exchange(holder_, nullptr)) call->answer();
    owner_.freeze().disarm(std::exchange(ready_answer_, 0));
}

void watched_super::drop_call() {
    holder_.reset();
    owner_.freeze().disarm(std::exchange(ready_answer_, 0));
}

void watched_super::tell_detached() { tell_.on_detached(now().count()); }
void watched_super::trace(const std::string& name) { owner_.events().emit({.name = name, .mount = m_.name}); }

void watched_super::kill_gate() {
    spdlog::warn("drainfs-gate does not answer: killing it");
    if (owner_.gate()) owner_.gate()->kill();
}

void watched_super::wake_at(std::optional<watch::instant> when) {
    if (!when) return void(timer_.cancel());
    timer_.expires_at(steady::time_point{*when});
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (!error && self) self->tell({.what = event::timer});
    });
}

void watched_super::on_statfs(std::shared_ptr<fuse::statfs_call> call, const gate::thread_role& role) {
    const pid_t tid = call->tid;
    parked_ = std::move(call);
    const bool holds = role.op == gate::command::arm;
    tell({.what = holds ? event::holder_parked : event::trial_parked, .tag = role.tag, .tid = tid});
    parked_.reset();
}

// ---- all mounts
// --------------------------------------------------------------------------------------------------------

asio_umount_watch::asio_umount_watch(asio::io_context& io, trace::hub& events, settings s)
    : io_{io}, events_{events}, settings_{std::move(s)}, life_{settings_.want_gate}, freeze_{io}, beat_{io}, rest_{io} {
    detach_ = gate::detach_events::start(
        io_, [this](std::uint64_t id, pid_t tid) { on_detach_event(id, tid); }, settings_.want_fanotify);
    gate_step(watch::gate_event::begin);
    // Nobody is served yet, and wants to know at once; a later gate is not waited for.
    if (gate_ && !gate_->wait_for_hello()) {
        gate_is(nullptr);
        gate_step(watch::gate_event::failed, "drainfs-gate did not say hello");
    }
    heartbeat();
}

asio_umount_watch::~asio_umount_watch() {
    *alive_ = false;
    for (auto& [id, e] : entries_) e->end();
}

const char* asio_umount_watch::detach_source() const {
    return detach_->kind() == gate::detach_events::source::fanotify ? "fanotify" : "mountinfo";
}

asio_umount_watch::entry_ptr asio_umount_watch::find(std::uint32_t id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : found->second;
}

void asio_umount_watch::tell(std::uint32_t id, watch::input in) {
    if (const auto e = find(id)) e->tell(std::move(in));
}

/// What is told may change the table.
void asio_umount_watch::tell_all(const watch::input& in) {
    const auto all = entries_;
    for (const auto& [id, e] : all) e->tell(in);
}

void asio_umount_watch::add(const watched_mount& m, umount_events& tell) {
    const auto e = std::make_shared<watched_super>(*this, m, tell);
    entries_[m.id] = e;
    if (m.mount_id != 0) by_mount_id_[m.mount_id] = m.id;
    if (m.gated && life_.holds()) return e->tell({.what = event::add, .yes = true});
    asio::post(io_, [this, alive = alive_, e] {
        if (*alive) e->tell({.what = event::add, .yes = life_.holds(), .text = life_.why_not()});
    });
}

bool asio_umount_watch::waited_to_the_end(std::uint32_t id) const {
    const auto e = find(id);
    return e && e->machine().waited_to_the_end();
}

void asio_umount_watch::remove(std::uint32_t id) {
    const auto e = find(id);
    if (!e) return;
    e->end();
    by_mount_id_.erase(e->mount().mount_id);
    entries_.erase(id);
}

void asio_umount_watch::open(std::uint32_t id) { tell(id, {.what = event::open}); }

bool asio_umount_watch::on_statfs(std::uint32_t id, std::shared_ptr<fuse::statfs_call> call) {
    const auto e = find(id);
    const auto role = e && gate_ ? gate_->take_role(call->tid) : std::nullopt;
    if (!role || (role->mount != id && role->op != gate::command::sweep)) return false;
    e->on_statfs(std::move(call), *role);
    return true;
}

void asio_umount_watch::on_statfs_interrupted(std::uint32_t id, pid_t caller) {
    tell(id, {.what = event::interrupted, .tid = caller});
}

void asio_umount_watch::on_detach_event(std::uint64_t mount_id, pid_t tid) {
    if (mount_id != 0) {
        const auto found = by_mount_id_.find(mount_id);
        // One that was moved is attached again before it is told that it was detached.
        if (found != by_mount_id_.end() && !os::is_still_mounted(mount_id))
            tell(found->second, {.what = event::detached, .tid = tid});
        return;
    }
    std::set<std::pair<dev_t, std::string>> there;
    const auto mounts = os::current_mounts();
    for (const auto& line : *mounts) there.emplace(line.device(), line.dir);
    const auto gone = [&there](const watched_mount& m) {
        return m.mount_id != 0 ? !os::is_still_mounted(m.mount_id) : !there.contains({m.dev, m.dir});
    };
    const auto all = entries_;
    for (const auto& [id, e] : all)
        if (gone(e->mount())) e->tell({.what = event::detached});
}

std::unique_ptr<umount_watch> umount_watch::start(asio::io_context& io, trace::hub& events, settings s) {
    return std::make_unique<asio_umount_watch>(io, events, s);
}

}  // namespace drainlab::control
