// The gate program: started, missed, started again; what it is asked for and what it answers.
#include "fusefs/control/umount_watch_impl.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>

namespace drainlab::control {

namespace asio = boost::asio;
using namespace std::chrono_literals;

void mount_watch::start_gate() {
    gate::gate_client::callbacks on;
    on.on_returned = [this](const gate::report& r) { on_returned(r); };
    on.on_probing = [this](const gate::report& r) { on_probing(r); };
    on.on_stuck = [this](const gate::report& r) { on_stuck(r); };
    on.on_lost = [this](const std::string& reason) { on_gate_lost(reason); };
    std::string why;
    gate_ = gate::gate_client::start(io_, std::move(on), why);
    if (gate_) why = gate_->why_it_cannot_hold();
    if (why.empty() && !settings_.want_gate) why = "--umount-wait api was asked for";
    holds_ = why.empty();
    why_no_gate_ = why;
}

void mount_watch::on_gate_lost(const std::string& why) {
    spdlog::warn("drainfs-gate ended ({}): unmounts under way go on, a new one is started", why);
    events_.emit({.name = "gate_lost"});
    gate_.reset();
    for (auto& [id, e] : entries_) {
        e->timer.cancel();
        e->answer();
        e->holder_tid = 0;
        e->probe = 0;
        e->letting_through = false;
    }
    for (auto& [tag, done] : std::exchange(unmounts_, {})) done(EIO);
    const auto now = steady::now();
    std::erase_if(losses_, [&](auto t) { return now - t > 10s; });
    losses_.push_back(now);
    if (losses_.size() > 5) {
        holds_ = false;
        why_no_gate_ = "drainfs-gate keeps dying: " + why;
        spdlog::error("{}; unmounts do not wait any more", why_no_gate_);
    }
    restart_.expires_after(holds_ ? 5ms : 5000ms);
    restart_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
        const auto alive = self.lock();
        if (error || !alive || alive->ended_) return;
        alive->start_gate();
        if (alive->holds_) alive->arm_all();
    });
}

void mount_watch::heartbeat() {
    const bool pending = std::any_of(entries_.begin(), entries_.end(), [](const auto& e) {
        return e.second->detached || e.second->dying || e.second->letting_through;
    });
    if (gate_) gate_->send({gate::command::heartbeat, 0, 0, 0, pending ? gate::flag_pending : 0u, {}});
    beat_.expires_after(1s);
    beat_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
        const auto alive = self.lock();
        if (!error && alive && !alive->ended_) alive->heartbeat();
    });
}

void mount_watch::on_returned(const gate::report& r) {
    if (const auto waiting = unmounts_.find(r.tag); waiting != unmounts_.end()) {
        const auto done = std::move(waiting->second);
        unmounts_.erase(waiting);
        return done(r.error);
    }
    const auto e = find(r.mount);
    if (!e) return;
    if (r.op == gate::command::arm && e->holder_tid == r.tid) e->holder_tid = 0;
    if (r.op == gate::command::arm && !e->told_gated && r.error != 0) not_held(e, r.error);
    if (r.op == gate::command::probe && e->probe == r.tag) e->probe = 0;  // the superblock has gone meanwhile
}

void mount_watch::unmount(const std::string& dir, bool lazy, bool force, unmounted done) {
    const std::uint64_t tag = ++last_tag_;
    const std::uint32_t flags = (lazy ? gate::flag_lazy : 0u) | (force ? gate::flag_force : 0u);
    if (gate_ && gate_->send({gate::command::umount, 0, tag, 0, flags, dir})) {
        unmounts_[tag] = std::move(done);
        return;
    }
    asio::post(io_, [done = std::move(done)] { done(EIO); });
}

}  // namespace drainlab::control
