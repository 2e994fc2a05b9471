#include "fusefs/control/mount_table.hpp"

#include "fusefs/control/process.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/os/mountinfo.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace drainlab::control {

namespace asio = boost::asio;
using steady = std::chrono::steady_clock;

struct mount_table::waiter {
    waiter(asio::io_context& io, std::uint32_t mount, phase p, std::function<void(bool)> d)
        : timer{io}, id{mount}, wanted{p}, done{std::move(d)} {}
    asio::steady_timer timer;
    std::uint32_t id;
    phase wanted;
    std::function<void(bool)> done;
};

/// A stop under way.
struct mount_table::stop_state {
    explicit stop_state(asio::io_context& io) : timer{io} {}
    asio::steady_timer timer;
    steady::time_point deadline, held_deadline;
    std::map<std::uint32_t, held_mount> held;
    std::size_t unmounting{};
    std::function<void(std::vector<held_mount>)> done;
};

mount_table::mount_table(mount_parts parts, mount_defaults defaults, callbacks on)
    : parts_{parts}, defaults_{defaults}, on_{std::move(on)} {}

mount_table::~mount_table() { abandon_all(); }

// ---- making ------------------------------------------------------------------------------------------------------------

std::optional<api_error> mount_table::refuse(const mount_request& r) const {
    if (stopping_) return api_error{503, "failed", "the daemon is stopping", ""};
    if (r.policy && !kernel::find_drain_policy(*r.policy))
        return api_error{400, "unknown_policy", fmt::format("unknown policy '{}'", *r.policy),
                         fmt::format("known: {}", fmt::join(kernel::policy_ids(), ", "))};
    if (r.wait == umount_wait::gate && !parts_.watch.has_gate())
        return api_error{501, "failed", fmt::format("umount_wait gate: {}", parts_.watch.why_no_gate()),
                         "use auto or api"};
    if (r.with_pid && !process_exists(*r.with_pid))
        return bad_request(fmt::format("'with_pid' is {}: there is no such process", *r.with_pid));
    for (const auto& [id, m] : mounts_) {
        if (m->state() == mount_state::live && m->dir() == r.dir)
            return api_error{409, "already_ours", fmt::format("{} is already mounted here as '{}'", r.dir, m->name()),
                             "choose another directory"};
        if (r.store && m->state() == mount_state::live && m->store() == r.store)
            return bad_request(
                fmt::format("'store' is {}: the mount '{}' on {} keeps its files there", *r.store, m->name(), m->dir()),
                "two page caches over one directory would not see each other");
        if (m->state() != mount_state::dead && m->name() == r.name)
            return bad_request(fmt::format("'name' is '{}': a mount of that name lives ({})", r.name, m->dir()));
    }
    return std::nullopt;
}

kernel::backing_dev_info* mount_table::shared_bdi(const mount_request& r) const {
    if (!r.bdi) return nullptr;
    for (const auto& [id, m] : mounts_)
        if (m->bdi_name() == r.bdi && (m->state() == mount_state::live || m->state() == mount_state::detached))
            return &m->super()->s_bdi;
    return nullptr;
}

void mount_table::create(mount_request request, made done) {
    const std::uint32_t id = ++last_id_;
    if (request.name.empty()) request.name = fmt::format("drainfs-{}", id);
    if (auto error = refuse(request)) return done(*std::move(error));
    if (!request.keep_pages) request.keep_pages = defaults_.keep_pages;
    if (!request.wait) request.wait = defaults_.wait;
    const auto& policy = request.policy ? *kernel::find_drain_policy(*request.policy) : *defaults_.policy;
    auto* const bdi = shared_bdi(request);
    const bool gate_wanted = request.wait == umount_wait::gate;
    mount_owner& owner = *this;
    const auto m = std::make_shared<mount>(parts_, owner, id, std::move(request), policy);
    mounts_[id] = m;
    on_.on_list_changed();
    auto error = m->start(bdi, [this, m, done, gate_wanted](const std::string& why) {
        if (!why.empty() && !(why.starts_with("--umount-wait")))
            spdlog::warn("{}: an unmount does not wait for the drain: {}", m->dir(), why);
        if (!gate_wanted || m->gated()) return done(m->view());
        unmount(*m, true, false, [](int) {});
        done(api_error{501, "failed", fmt::format("umount_wait gate: {}", why), "use auto or api"});
    });
    if (!error) {
        if (const auto held = holds_.find(m->dir()); held != holds_.end()) m->set_hold(held->second);
        return on_.on_list_changed();
    }
    if (!m->super()) mounts_.erase(id);  // else it goes by itself, through on_gone()
    done(*std::move(error));
    on_.on_list_changed();
}

// ---- finding -----------------------------------------------------------------------------------------------------------

mount* mount_table::find(const std::string& id_or_name) const {
    std::uint32_t id = 0;
    const char* const end = id_or_name.data() + id_or_name.size();
    if (std::from_chars(id_or_name.data(), end, id).ptr == end && id != 0) {
        const auto found = mounts_.find(id);
        return found == mounts_.end() ? nullptr : found->second.get();
    }
    for (auto m = mounts_.rbegin(); m != mounts_.rend(); ++m)
        if (m->second->name() == id_or_name) return m->second.get();
    return nullptr;
}

std::optional<mount_view> mount_table::view(const std::string& id_or_name) const {
    if (const mount* m = find(id_or_name)) return m->view();
    for (auto v = gone_.rbegin(); v != gone_.rend(); ++v)
        if (v->name == id_or_name || std::to_string(v->id) == id_or_name) return *v;
    return std::nullopt;
}

std::vector<mount_view> mount_table::views() const {
    std::vector<mount_view> all{gone_.begin(), gone_.end()};
    for (const auto& [id, m] : mounts_)
        if (m->super()) all.push_back(m->view());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return all;
}

// ---- waiting -----------------------------------------------------------------------------------------------------------

void mount_table::wait(mount& m, phase p, milliseconds timeout, std::function<void(bool)> done) {
    if (m.phase_ns(p) != 0) return done(true);
    auto w = std::make_shared<waiter>(parts_.io, m.id(), p, std::move(done));
    waiters_.push_back(w);
    w->timer.expires_after(timeout);
    w->timer.async_wait([this, w](const boost::system::error_code& error) {
        if (error) return;
        waiters_.remove(w);
        if (const auto tell = std::exchange(w->done, nullptr)) tell(false);
    });
}

void mount_table::on_changed(mount& m) {
    std::vector<std::shared_ptr<waiter>> ready;
    for (const auto& w : waiters_)
        if (w->id == m.id() && m.phase_ns(w->wanted) != 0) ready.push_back(w);
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

sched::task<> await_switch(std::shared_ptr<kernel::super_block> sb, sched::instant deadline,
                           std::function<void(bool)> done) {
    while (sb->own_in_flight == 0 && sb->h.sched.now() < deadline)
        co_await sb->h.sched.wait_on(sb->isw_queued_key(), "a switch, to tell a client", deadline);
    done(sb->own_in_flight != 0);
}

sched::task<> change_policy(std::shared_ptr<kernel::super_block> sb, const kernel::drain_policy& policy,
                            std::function<void()> done) {
    co_await kernel::set_drain_policy(*sb, policy);
    done();
}

}  // namespace

void mount_table::wait_switch(mount& m, milliseconds timeout, std::function<void(bool)> done) {
    auto& sched = parts_.host.sched;
    sched.spawn("wait_switch", await_switch(m.super(), sched.now() + timeout, std::move(done)),
                sched::fiber_kind::service);
}

void mount_table::set_policy(mount& m, const kernel::drain_policy& policy, std::function<void()> done) {
    parts_.host.sched.spawn("set_policy " + m.name(), change_policy(m.super(), policy, std::move(done)));
}

void mount_table::set_policy_everywhere(const kernel::drain_policy& policy, std::function<void()> done) {
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

// ---- ending ------------------------------------------------------------------------------------------------------------

void mount_table::on_gone(mount& m) {
    const std::uint32_t id = m.id();
    const auto keep = mounts_.find(id);
    if (keep == mounts_.end()) return;
    const auto self = keep->second;
    mounts_.erase(keep);
    gone_.push_back(self->view());
    if (gone_.size() > remembered) gone_.pop_front();
    totals_.requests += gone_.back().requests;
    totals_.guessed_bytes += gone_.back().guessed_bytes;
    totals_.unknown_caller += gone_.back().unknown_caller;
    self->abandon();
    asio::post(parts_.io, [this, self] {
        on_.on_list_changed();
        if (mounts_.empty()) on_.on_empty();
        if (stop_) stop_step();
    });
}

void mount_table::hold(mount& m, std::optional<hold_request> h) {
    m.set_hold(h);
    if (h && h->every)
        holds_[m.dir()] = *h;
    else
        holds_.erase(m.dir());
}

void mount_table::unmount(mount& m, bool lazy, bool force, std::function<void(int)> done) {
    // The path names the mount on top: ours only if nobody has covered it.
    dev_t top = 0;
    for (const auto& line : os::read_mountinfo())
        if (line.dir == m.dir()) top = line.device();
    if (top != m.dev()) return done(top == 0 ? ENOENT : EXDEV);
    parts_.watch.unmount(m.dir(), lazy, force, std::move(done));
}

void mount_table::stop(milliseconds timeout, std::function<void(std::vector<held_mount>)> done) {
    if (stop_) return done({});
    stopping_ = true;
    stop_ = std::make_shared<stop_state>(parts_.io);
    stop_->done = std::move(done);
    stop_->deadline = steady::now() + timeout;
    stop_->held_deadline = steady::now() + std::chrono::seconds{1};
    std::vector<std::shared_ptr<mount>> all;
    for (const auto& [id, m] : mounts_) all.push_back(m);
    for (const auto& m : all) {
        if (m->state() == mount_state::detached) stop_->held[m->id()] = {m->dir(), m->name()};
        if (m->state() != mount_state::live) continue;
        ++stop_->unmounting;
        unmount(*m, false, false, [this, m, state = stop_](int error) {
            --state->unmounting;
            if (error != 0 && m->state() == mount_state::live) {
                spdlog::warn("{} ({}) is held: {}; detaching it", m->dir(), m->name(), std::strerror(error));
                state->held[m->id()] = {m->dir(), m->name()};
                ++state->unmounting;
                unmount(*m, true, false, [this, state](int) {
                    --state->unmounting;
                    stop_step();
                });
            }
            stop_step();
        });
    }
    stop_step();
}

/// Over when every mount is gone, but those that are held: these get a moment, in case their holder is just leaving.
void mount_table::stop_step() {
    const auto state = stop_;
    if (!state || !state->done) return;
    const auto now = steady::now();
    bool waiting = state->unmounting > 0, held_living = false;
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
        std::vector<held_mount> held;
        for (const auto& [id, h] : state->held) held.push_back(h);
        for (const auto& [id, m] : mounts_)
            if (!state->held.contains(id)) held.push_back({m->dir(), m->name()});
        state->timer.cancel();
        return std::exchange(state->done, nullptr)(std::move(held));
    }
    state->timer.expires_after(std::chrono::milliseconds{20});
    state->timer.async_wait([this, state](const boost::system::error_code& error) {
        if (!error) stop_step();
    });
}

void mount_table::abandon_all() {
    for (const auto& w : std::exchange(waiters_, {})) w->timer.cancel();
    for (const auto& [id, m] : mounts_) m->abandon();
}

}  // namespace drainlab::control
