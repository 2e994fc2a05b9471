// Finding them, and waiting for what becomes of them.
#include "fusefs/control/served_mounts_parts.hpp"
#include "fusefs/gate/device.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace drainlab::control {

std::string place_of(const served_mount& m) { return os::mount_point_of(m.identity()).value_or(m.dir()); }

namespace {

/// It may have been moved, or a directory above it renamed.
mount_view placed(const served_mount& m) {
    auto v = m.view();
    if (v.state == mount_state::live) v.dir = place_of(m);
    return v;
}

}  // namespace

std::optional<std::uint32_t> served_mounts::newest(const mount_word& w) const {
    using kind = mount_word::kind;
    dev_t on_top = 0;  // of ours, on that directory
    if (w.is == kind::dir) {
        const auto line = os::mount_at(*os::current_mounts(), os::from_printable(w.text).value_or(w.text));
        if (line && line->ours()) on_top = line->device();
    }
    const auto fits = [&](std::uint32_t id, const std::string& name, dev_t dev, const auto& dir) {
        switch (w.is) {
            case kind::id: return std::to_string(id) == w.text;
            case kind::name: return spells(w.text, name);
            case kind::dev: return gate::device_text(dev) == w.text;
            case kind::dir: return spells(w.text, dir());
        }
        return false;
    };
    for (auto m = mounts_.rbegin(); on_top != 0 && m != mounts_.rend(); ++m)
        if (m->second->dev() == on_top && m->second->state() != mount_state::dead) return m->first;
    for (auto m = mounts_.rbegin(); m != mounts_.rend(); ++m)
        if (const auto& one = *m->second; fits(one.id(), one.name(), one.dev(), [&] { return place_of(one); }))
            return m->first;
    for (auto v = gone_.rbegin(); v != gone_.rend(); ++v)
        if (fits(v->id, v->name, v->who.dev, [&] { return v->dir; })) return v->id;
    return std::nullopt;
}

std::optional<std::uint32_t> served_mounts::number_of(const std::string& word) const {
    for (const auto& reading : readings_of(word))
        if (const auto id = newest(reading)) return id;
    return std::nullopt;
}

served_mount* served_mounts::find(const std::string& word) const {
    const auto id = number_of(word);
    const auto found = id ? mounts_.find(*id) : mounts_.end();
    return found == mounts_.end() ? nullptr : found->second.get();
}

std::optional<mount_view> served_mounts::view(const std::string& word) const {
    const auto id = number_of(word);
    if (!id) return std::nullopt;
    if (const auto m = mounts_.find(*id); m != mounts_.end()) return placed(*m->second);
    for (auto v = gone_.rbegin(); v != gone_.rend(); ++v)
        if (v->id == *id) return *v;
    return std::nullopt;
}

std::vector<mount_view> served_mounts::views() const {
    std::vector<mount_view> all{gone_.begin(), gone_.end()};
    for (const auto& [id, m] : mounts_)
        if (m->super()) all.push_back(placed(*m));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return all;
}

served_mounts::give_up served_mounts::wait(served_mount& m, milestone what, milliseconds timeout,
                                           std::function<void(bool)> done) {
    if (m.has_reached(what)) return done(true), nullptr;
    auto w = std::make_shared<waiter>(parts_.io, m.id(), what, std::move(done));
    waiters_.push_back(w);
    w->timer.expires_after(timeout);
    w->timer.async_wait([this, w](const boost::system::error_code& error) {
        if (error) return;
        waiters_.remove(w);
        if (const auto tell = std::exchange(w->done, nullptr)) tell(false);
    });
    return [this, weak = std::weak_ptr{w}] {
        const auto ended = weak.lock();  // null: over, so this object may have gone as well
        if (!ended || !ended->done) return;
        ended->done = nullptr;
        ended->timer.cancel();
        waiters_.remove(ended);
    };
}

void served_mounts::on_changed(served_mount& m) {
    std::vector<std::shared_ptr<waiter>> ready;
    for (const auto& w : waiters_)
        if (w->id == m.id() && (m.has_reached(w->wanted) || m.state() == mount_state::gone)) ready.push_back(w);
    for (const auto& w : ready) {
        waiters_.remove(w);
        // Later: this may be the model's own fiber speaking.
        asio::post(parts_.io, [w] {
            w->timer.cancel();
            if (const auto tell = std::exchange(w->done, nullptr)) tell(true);
        });
    }
}

namespace {

/// `done` is empty once nobody wants to know any more.
sched::task<> await_switch(std::shared_ptr<kernel::super_block> sb, sched::instant deadline,
                           std::shared_ptr<std::function<void(bool)>> done) {
    while (*done && sb->own_in_flight == 0 && sb->h.sched.now() < deadline)
        co_await sb->h.sched.wait_on(sb->isw_queued_key(), "a switch, to tell a client", deadline);
    if (const auto tell = std::exchange(*done, nullptr)) tell(sb->own_in_flight != 0);
}

sched::task<> change_policy(std::shared_ptr<kernel::super_block> sb, const kernel::drain_policy& policy,
                            std::function<void()> done) {
    co_await kernel::set_drain_policy(*sb, policy);
    done();
}

}  // namespace

served_mounts::give_up served_mounts::wait_switch(served_mount& m, milliseconds timeout,
                                                  std::function<void(bool)> done) {
    auto& sched = parts_.host.sched;
    const auto shared = std::make_shared<std::function<void(bool)>>(std::move(done));
    sched.spawn("wait_switch", await_switch(m.super(), sched.now() + timeout, shared), sched::fiber_kind::service);
    return [weak = std::weak_ptr{shared}, sb = std::weak_ptr{m.super()}] {
        const auto ended = weak.lock();
        const auto super = sb.lock();
        if (!ended || !super) return;
        *ended = nullptr;
        super->h.sched.wake_all(super->isw_queued_key());
    };
}

void served_mounts::set_policy(served_mount& m, const kernel::drain_policy& policy, std::function<void()> done) {
    parts_.host.sched.spawn("set_policy " + m.name(), change_policy(m.super(), policy, std::move(done)));
}

void served_mounts::set_policy_everywhere(const kernel::drain_policy& policy, std::function<void()> done) {
    defaults_.policy = &policy;
    const auto left = std::make_shared<std::size_t>(1);
    const auto one_done = [left, done = std::move(done)] {
        if (--*left == 0) done();
    };
    for (const auto& [id, m] : mounts_) {
        if (m->state() != mount_state::live && m->state() != mount_state::detached) continue;
        ++*left;
        set_policy(*m, policy, one_done);
    }
    one_done();
}

}  // namespace drainlab::control
