// The gate program: started, missed, started again; what it is asked for and what it answers.
#include "fusefs/control/aside.hpp"
#include "fusefs/control/watch/shell.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace drainlab::control {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using watch::event;
using watch::gate_action;
using watch::gate_event;

/// The filesystem that the program is on may not answer.
constexpr auto start_within = 10s;

void asio_umount_watch::gate_step(gate_event what, const std::string& text) {
    if (what == gate_event::lost) {
        spdlog::warn("drainfs-gate ended ({}): unmounts under way go on, a new one is started", text);
        events_.emit({.name = "gate_lost"});
        gate_is(nullptr);
    }
    const auto actions = life_.step(std::chrono::steady_clock::now().time_since_epoch(), what, text);
    if (what == gate_event::lost && !life_.holds()) spdlog::error("{}; unmounts do not wait any more", life_.why_not());
    for (const auto action : actions) {
        switch (action) {
            case gate_action::start: start_gate(); break;
            case gate_action::tell_up:
                tell_all({.what = event::gate_up, .yes = life_.holds(), .text = life_.why_not()});
                break;
            case gate_action::tell_lost:
                tell_all({.what = event::gate_lost});
                for (auto& [tag, done] : std::exchange(unmounts_, {})) done(EIO);
                break;
            case gate_action::give_up: tell_all({.what = event::gate_up, .yes = false, .text = life_.why_not()}); break;
        }
    }
    if (const auto when = life_.wake_at()) {
        rest_.expires_at(std::chrono::steady_clock::time_point{*when});
        rest_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
            if (!error && *alive) gate_step(gate_event::timer);
        });
    }
}

void asio_umount_watch::gate_is(std::unique_ptr<gate::gate_client> now) {
    gate_ = std::move(now);
    if (settings_.on_gate) settings_.on_gate(gate_pid());
}

void asio_umount_watch::start_gate() {
    gate::gate_client::callbacks on;
    on.on_hello = [this](const std::string& why_not) { gate_step(gate_event::hello, why_not); };
    on.on_returned = [this](const gate::report& r) { on_returned(r); };
    on.on_probing = [this](const gate::report& r) {
        tell(r.mount, {.what = event::probing, .tag = r.tag, .tid = r.tid, .yes = r.error == gate::saw_unmounter_wait});
    };
    on.on_stuck = [this](const gate::report& r) { on_stuck(r); };
    on.on_lost = [this](const std::string& reason) { gate_step(gate_event::lost, reason); };
    struct launch {
        gate::spawned child;
        std::string why;
    };
    const auto got = std::make_shared<launch>();
    const auto adopt = [this, got, on = std::move(on)](int socket) {
        if (socket < 0) return gate_step(gate_event::failed, got->why);
        got->child.socket = socket;
        gate_is(gate::gate_client::adopt(io_, got->child, on));
    };
    if (life_.is_first()) {  // nobody is served yet, and wants to know at once
        got->child = gate::start_program(got->why);
        return adopt(got->child.socket);
    }
    static aside_room room{4};
    auto work = [got](int, const std::function<bool()>& wanted) {
        got->child = gate::start_program_for_good(got->why);
        os::unique_fd socket{got->child.socket};
        if (wanted() || !socket) return socket;
        gate::end(got->child);
        return os::unique_fd{};
    };
    auto done = [this, adopt, alive = alive_](int err, os::unique_fd socket) {
        if (!*alive) return;
        if (err == 0) return adopt(socket.release());
        gate_step(gate_event::failed, fmt::format("cannot start drainfs-gate: {}", std::strerror(err)));
    };
    do_aside(io_, room, {}, start_within, std::move(work), std::move(done));
}

void asio_umount_watch::on_returned(const gate::report& r) {
    if (const auto waiting = unmounts_.find(r.tag); waiting != unmounts_.end()) {
        const auto done = std::move(waiting->second);
        unmounts_.erase(waiting);
        return done(r.error);
    }
    const watch::input in{.what = event::returned, .tag = r.tag, .tid = r.tid, .error = r.error};
    return r.op == gate::command::sweep ? tell_all(in) : tell(r.mount, in);
}

/// Slow, or on its way, if it is not blocked; we are told again.
void asio_umount_watch::on_stuck(const gate::report& r) {
    if (!gate_ || gate_->state_of(r.tid) != gate::thread_state::blocked) return;
    tell(r.mount, {.what = event::sweep_hangs, .tag = r.tag, .tid = r.tid});
}

void asio_umount_watch::heartbeat() {
    freeze_.look_where_we_are();
    const bool pending =
        std::any_of(entries_.begin(), entries_.end(), [](const auto& e) { return e.second->machine().pending(); });
    if (gate_) gate_->send({gate::command::heartbeat, 0, 0, 0, pending ? gate::flag_pending : 0u, {}});
    beat_.expires_after(1s);
    beat_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
        if (!error && *alive) heartbeat();
    });
}

void asio_umount_watch::unmount(const std::string& dir, bool lazy, bool force, unmounted done) {
    const std::uint64_t tag = ++last_tag_;
    const std::uint32_t flags = (lazy ? gate::flag_lazy : 0u) | (force ? gate::flag_force : 0u);
    if (gate_ && gate_->send({gate::command::umount, 0, tag, 0, flags, dir})) {
        unmounts_[tag] = std::move(done);
        return;
    }
    asio::post(io_, [done = std::move(done)] { done(EIO); });
}

}  // namespace drainlab::control
