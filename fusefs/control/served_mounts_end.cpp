// Unmounting: one, and all at the daemon's end.
#include "fusefs/control/served_mounts_parts.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>

namespace drainlab::control {

namespace {

/// What keeps a mount's name from being taken away, in words; empty: nothing does.
std::string why_out_of_reach(const served_mount& m) {
    const auto mounts = os::current_mounts();
    const auto& table = *mounts;
    const auto line = os::find_mount(table, m.identity());
    const auto cover = line ? os::covering(table, *line) : std::nullopt;
    if (!cover) return {};
    return fmt::format("a {} is mounted over it, on {}", cover->fstype, os::to_printable(cover->dir));
}

}  // namespace

void served_mounts::hold(served_mount& m, std::optional<hold_request> h) {
    m.set_hold(h);
    if (h && h->every)
        holds_[m.dir()] = *h;
    else
        holds_.erase(m.dir());
}

void served_mounts::unmount(served_mount& m, bool lazy, bool force, std::function<void(int)> done) {
    // Wherever it is now; and never what others have mounted over it.
    const auto mounts = os::current_mounts();
    const auto& table = *mounts;
    const auto line = os::find_mount(table, m.identity());
    if (!line) return done(ENOENT);
    if (os::covering(table, *line)) return done(EXDEV);
    parts_.watch.unmount(line->dir, lazy, force, std::move(done));
}

void served_mounts::take_away(served_mount& m) {
    unmount(m, true, false, [this, self = m.weak_from_this()](int error) {
        const auto again = self.lock();
        if (error != EXDEV || !again) return;
        if (taking_away_.insert(again->id()).second)
            spdlog::warn("{}: something else is mounted over it: it goes when that does", again->dir());
        const auto timer = std::make_shared<asio::steady_timer>(parts_.io, std::chrono::seconds{1});
        timer->async_wait([this, self, timer](const boost::system::error_code& ended) {
            const auto still = self.lock();
            if (!ended && still && mounts_.contains(still->id())) take_away(*still);
        });
    });
}

void served_mounts::stop(milliseconds timeout, std::function<void()> done) {
    if (stop_) return done();
    stopping_ = true;
    stop_ = std::make_shared<stop_state>(parts_.io);
    stop_->done = std::move(done);
    stop_->deadline = steady::now() + timeout;
    stop_->held_deadline = steady::now() + std::chrono::seconds{1};
    std::vector<std::shared_ptr<served_mount>> all;
    for (const auto& [id, m] : mounts_) all.push_back(m);
    for (const auto& m : all) {
        const held_mount held{place_of(*m), m->name()};
        if (m->state() == mount_state::detached) stop_->held[m->id()] = held;
        if (m->state() != mount_state::live) continue;
        ++stop_->unmounting;
        unmount(*m, false, false, [this, m, held, state = stop_](int error) {
            --state->unmounting;
            if (error != 0 && error != ENOENT && m->state() == mount_state::live) {
                if (error != EXDEV)
                    spdlog::warn("{} ({}) is held: {}; detaching it", held.dir, m->name(), std::strerror(error));
                state->held[m->id()] = held;
                ++state->unmounting;
                unmount(*m, true, false, [this, m, state](int again) {
                    --state->unmounting;
                    if (again != 0 && again != ENOENT) {
                        const auto why = why_out_of_reach(*m);
                        state->held[m->id()].why_left = why.empty() ? std::strerror(again) : why;
                    }
                    stop_step();
                });
            }
            stop_step();
        });
    }
    stop_step();
}

/// Over when every mount is gone, but those that are held: these get a moment, in case their holder is just leaving.
void served_mounts::stop_step() {
    const auto state = stop_;
    if (!state || !state->done) return;
    const auto now = steady::now();
    bool waiting = state->unmounting > 0 || placing_ > 0, held_living = false;
    for (const auto& [id, m] : mounts_) {
        const bool held =
            state->held.contains(id) && m->state() != mount_state::dying && m->state() != mount_state::dead;
        if (held)
            held_living = true;
        else
            waiting = true;
    }
    const bool over = now >= state->deadline || (!waiting && (!held_living || now >= state->held_deadline));
    if (over) {
        state->timer.cancel();
        return std::exchange(state->done, nullptr)();
    }
    state->timer.expires_after(std::chrono::milliseconds{20});
    state->timer.async_wait([this, state](const boost::system::error_code& error) {
        if (!error) stop_step();
    });
}

std::vector<held_mount> served_mounts::held() const {
    auto all = stop_ ? stop_->held : std::map<std::uint32_t, held_mount>{};
    for (const auto& [id, m] : mounts_) {
        auto& h = all.try_emplace(id, held_mount{m->dir(), m->name()}).first->second;
        h.draining = m->state() == mount_state::dying || m->state() == mount_state::dead;
    }
    std::vector<held_mount> list;
    for (auto& [id, h] : all) list.push_back(std::move(h));
    return list;
}

void served_mounts::flush(milliseconds limit, std::function<void()> done) {
    stopping_ = true;
    const auto timer = std::make_shared<asio::steady_timer>(parts_.io);
    flush_step(timer, steady::now() + limit, std::move(done));
}

void served_mounts::flush_step(std::shared_ptr<asio::steady_timer> timer, steady::time_point until,
                               std::function<void()> done) {
    bool written = true;
    for (const auto& [id, m] : mounts_) written = m->hurry() && written;
    if (written || steady::now() >= until) return done();
    timer->expires_after(std::chrono::milliseconds{10});
    timer->async_wait([this, timer, until, done = std::move(done)](const boost::system::error_code&) mutable {
        flush_step(std::move(timer), until, std::move(done));
    });
}

std::vector<lost_file> served_mounts::unwritten() const {
    std::vector<lost_file> all;
    for (const auto& [id, m] : mounts_)
        for (auto& one : m->unwritten()) all.push_back(std::move(one));
    return all;
}

}  // namespace drainlab::control
