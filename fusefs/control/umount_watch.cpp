#include "fusefs/control/umount_watch.hpp"

#include "fusefs/fuse/session.hpp"
#include "fusefs/gate/client.hpp"
#include "fusefs/gate/detach_events.hpp"
#include "fusefs/gate/mountinfo.hpp"
#include "fusefs/trace/hub.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <sched.h>
#include <set>
#include <unordered_map>
#include <utility>

namespace drainlab::control {
namespace {

namespace asio = boost::asio;
using steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

std::int64_t to_ns(steady::time_point t) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

constexpr auto stay = 60us;        // how long a probe after a detach event is watched without letting go of the CPU
constexpr auto look_first = 20us;  // from sending a probe to the first look at what became of it
constexpr auto gate_answers_within = 5s;  // a probe that is neither seen nor blocked after that: the gate is stuck
constexpr auto at_once = 5ms;  // a writer this soon after the detach event is the unmounter, no need to ask mountinfo
constexpr auto live_round = 800ms;  // every live mount is probed once in this time: a remount waits that long at most
constexpr auto look_at_live = 3ms;  // a probe of a live mount: most arrive sooner, and need no look
constexpr auto arm_within = 2s;

/// When to probe after a detach event: the unmounter needs two expedited grace periods at most to get to s_umount.
steady::duration probe_delay(int step) {
    constexpr steady::duration first[] = {0us, 20us, 30us, 50us, 50us, 100us, 150us, 200us, 200us, 200us};
    if (step < static_cast<int>(std::size(first))) return first[step];
    if (step < 30) return 400us;  // a busy machine: the unmounter is on its way, but does not get a CPU
    return step < 2000 ? steady::duration{3ms} : steady::duration{15ms};
}

struct entry {
    entry(asio::io_context& io, watched_mount w, umount_events& t) : m{std::move(w)}, tell{t}, timer{io} {}

    watched_mount m;
    umount_events& tell;
    asio::steady_timer timer;                   // the next probe, or the next look at one
    std::shared_ptr<fuse::statfs_call> holder;  // the gate's STATFS, or null
    pid_t holder_tid{};                         // 0: the gate does not hold it
    std::uint64_t probe{};                      // tag of the probe that is out, or 0
    steady::time_point probe_sent;
    steady::time_point added_at{steady::now()}, detached_at;
    int step{};
    bool told_gated{}, detached{}, dying{}, letting_through{};

    bool armed() const noexcept { return holder_tid != 0; }
    void answer() {
        if (const auto call = std::exchange(holder, nullptr)) call->answer();
    }
};
using entry_ptr = std::shared_ptr<entry>;

class watch final : public umount_watch, public std::enable_shared_from_this<watch> {
  public:
    watch(asio::io_context& io, trace::hub& events, settings s)
        : io_{io}, events_{events}, settings_{s}, beat_{io}, round_{io}, restart_{io} {}

    void begin() {
        detach_ = gate::detach_events::start(
            io_, [this](std::uint64_t id) { on_detach_event(id); }, settings_.want_fanotify);
        start_gate();
        heartbeat();
        live_probe();
    }
    void end() {
        ended_ = true;
        beat_.cancel();
        round_.cancel();
        restart_.cancel();
        for (auto& [id, e] : entries_) {
            e->timer.cancel();
            e->answer();
        }
        entries_.clear();
        detach_.reset();
        gate_.reset();
    }

    bool has_gate() const override { return holds_; }
    const std::string& why_no_gate() const override { return why_no_gate_; }
    pid_t gate_pid() const override { return gate_ ? gate_->pid() : 0; }
    const char* detach_source() const override {
        return detach_->kind() == gate::detach_events::source::fanotify ? "fanotify" : "mountinfo";
    }

    void add(const watched_mount& m, umount_events& tell) override;
    void remove(std::uint32_t id) override;
    void open(std::uint32_t id) override;
    bool on_statfs(std::uint32_t id, std::shared_ptr<fuse::statfs_call> call) override;
    void on_statfs_interrupted(std::uint32_t id, pid_t caller) override;
    void unmount(const std::string& dir, bool lazy, bool force, unmounted done) override;

  private:
    entry_ptr find(std::uint32_t id) const {
        const auto found = entries_.find(id);
        return found == entries_.end() ? nullptr : found->second;
    }
    void emit(const char* name, const entry& e) { events_.emit({.name = name, .mount = e.m.name}); }
    /// Calls `method` on the entry after `delay`, unless it has gone or its timer has been used for something else.
    void later(const entry_ptr& e, steady::duration delay, void (watch::*method)(const entry_ptr&));

    void start_gate();
    void on_gate_lost(const std::string& why);
    void on_returned(const gate::report& r);
    void heartbeat();

    void arm(const entry_ptr& e);
    void arm_overdue(const entry_ptr& e);
    void not_held(const entry_ptr& e, int error);
    void gated(entry& e, bool held, const std::string& why);

    void on_detach_event(std::uint64_t mount_id);
    void detached(const entry_ptr& e);
    void probe(const entry_ptr& e);
    bool blocks_soon(const entry& e) const;
    void look(const entry_ptr& e);
    void probe_arrived(const entry_ptr& e);
    void writer_queued(const entry_ptr& e);
    void dying(const entry_ptr& e);
    void let_through(const entry_ptr& e);
    void live_probe();

    asio::io_context& io_;
    trace::hub& events_;
    settings settings_;
    std::unique_ptr<gate::gate_client> gate_;
    std::unique_ptr<gate::detach_events> detach_;
    std::map<std::uint32_t, entry_ptr> entries_;
    std::unordered_map<std::uint64_t, std::uint32_t> by_mount_id_;
    std::unordered_map<std::uint64_t, unmounted> unmounts_;
    asio::steady_timer beat_, round_, restart_;
    std::vector<steady::time_point> losses_;
    std::string why_no_gate_;
    bool holds_{}, ended_{};
    std::uint64_t last_tag_{};
    std::uint32_t last_probed_{};
};

void watch::later(const entry_ptr& e, steady::duration delay, void (watch::*method)(const entry_ptr&)) {
    e->timer.expires_after(delay);
    e->timer.async_wait([self = weak_from_this(), e, method](const boost::system::error_code& error) {
        const auto alive = self.lock();
        if (!error && alive && !alive->ended_) ((*alive).*method)(e);
    });
}

// ---- the gate itself -----------------------------------------------------------------------------------------------

void watch::start_gate() {
    std::string why;
    gate_ = gate::gate_client::start(io_,
                                     {[this](const gate::report& r) { on_returned(r); },
                                      [this](const std::string& reason) { on_gate_lost(reason); }},
                                     why);
    if (gate_) why = gate_->why_it_cannot_hold();
    if (why.empty() && !settings_.want_gate) why = "--umount-wait api was asked for";
    holds_ = why.empty();
    why_no_gate_ = why;
}

void watch::on_gate_lost(const std::string& why) {
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
        if (alive->holds_)
            for (const auto& e : [&] {
                     std::vector<entry_ptr> all;
                     for (auto& [id, x] : alive->entries_) all.push_back(x);
                     return all;
                 }())
                if (e->m.gated && !e->dying) alive->arm(e);
    });
}

void watch::heartbeat() {
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

void watch::on_returned(const gate::report& r) {
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

// ---- arming ----------------------------------------------------------------------------------------------------------

void watch::add(const watched_mount& m, umount_events& tell) {
    const auto e = std::make_shared<entry>(io_, m, tell);
    entries_[m.id] = e;
    if (m.mount_id != 0) by_mount_id_[m.mount_id] = m.id;
    if (m.gated && holds_) return arm(e);
    asio::post(io_, [self = weak_from_this(), e] {
        if (const auto alive = self.lock(); alive && alive->find(e->m.id) == e)
            alive->gated(*e, false, alive->why_no_gate_);
    });
}

void watch::arm(const entry_ptr& e) {
    if (!gate_ || !gate_->send({gate::command::arm, e->m.id, ++last_tag_, e->m.dev, 0, {}})) return;
    if (!e->told_gated) later(e, arm_within, &watch::arm_overdue);
}

/// ustat(2) finds the first superblock with this device number: for a moment that can be one of before, whose number ours has got, and
/// which is still being taken down (EINVAL).
void watch::not_held(const entry_ptr& e, int error) {
    const bool again = error == EINVAL && !e->detached && !e->dying && steady::now() - e->added_at < arm_within;
    if (again) return later(e, 1ms, &watch::arm);
    gated(*e, false, fmt::format("the gate cannot hold it (error {})", error));
}

void watch::arm_overdue(const entry_ptr& e) {
    if (!e->armed()) gated(*e, false, "the gate did not get to hold it");
}

void watch::gated(entry& e, bool held, const std::string& why) {
    if (std::exchange(e.told_gated, true)) return;
    e.tell.on_gated(held, why);
}

bool watch::on_statfs(std::uint32_t id, std::shared_ptr<fuse::statfs_call> call) {
    const auto e = find(id);
    const auto role = e && gate_ ? gate_->role_of(call->tid) : std::nullopt;
    if (!role || role->mount != id) return false;
    if (role->op == gate::command::probe) {
        if (role->tag == e->probe) probe_arrived(e);
        return false;
    }
    if (role->op != gate::command::arm || e->dying) return false;
    e->holder_tid = call->tid;
    e->holder = std::move(call);
    if (!e->told_gated) e->timer.cancel();
    emit("gate_closed", *e);
    gated(*e, true, {});
    if (e->detached) later(e, probe_delay(e->step), &watch::probe);
    return true;
}

void watch::on_statfs_interrupted(std::uint32_t id, pid_t caller) {
    const auto e = find(id);
    if (!e || e->holder_tid != caller) return;
    e->holder_tid = 0;
    e->holder.reset();
}

void watch::open(std::uint32_t id) {
    const auto e = find(id);
    if (!e || !e->armed()) return;
    e->holder_tid = 0;
    emit("gate_opened", *e);
    e->answer();
}

void watch::remove(std::uint32_t id) {
    const auto e = find(id);
    if (!e) return;
    e->timer.cancel();
    e->answer();
    by_mount_id_.erase(e->m.mount_id);
    entries_.erase(id);
}

// ---- noticing ----------------------------------------------------------------------------------------------------------

void watch::on_detach_event(std::uint64_t mount_id) {
    if (mount_id != 0) {
        const auto found = by_mount_id_.find(mount_id);
        if (found != by_mount_id_.end()) detached(find(found->second));
        return;
    }
    std::set<std::pair<dev_t, std::string>> there;
    for (const auto& line : gate::read_mountinfo()) there.emplace(line.dev, line.dir);
    std::vector<entry_ptr> gone;
    for (const auto& [id, e] : entries_)
        if (!e->detached && !there.contains({e->m.dev, e->m.dir})) gone.push_back(e);
    for (const auto& e : gone) detached(e);
}

void watch::detached(const entry_ptr& e) {
    if (!e || std::exchange(e->detached, true)) return;
    e->detached_at = steady::now();
    e->tell.on_detached(to_ns(e->detached_at));
    if (e->probe != 0 && !e->letting_through && !e->dying) return later(e, look_first, &watch::look);
    if (e->armed() && e->probe == 0) later(e, probe_delay(e->step), &watch::probe);
}

void watch::probe(const entry_ptr& e) {
    if (e->dying || !gate_ || !e->armed()) return;
    const std::uint64_t tag = ++last_tag_;
    if (!gate_->send({gate::command::probe, e->m.id, tag, e->m.dev, 0, {}})) return later(e, 1ms, &watch::probe);
    e->probe = tag;
    e->probe_sent = steady::now();
    if (e->detached && blocks_soon(*e)) return writer_queued(e);
    later(e, e->detached ? steady::duration{look_first} : steady::duration{look_at_live}, &watch::look);
}

/// Whether the probe just sent is blocked within a moment. Every turn of the loop in between would cost a wake-up, which on a busy
/// machine is the dearest part of an unmount.
bool watch::blocks_soon(const entry& e) const {
    while (steady::now() - e.probe_sent < stay) {
        const pid_t thread = gate_->thread_of(e.probe);
        if (thread != 0) {
            const auto state = gate_->state_of(thread);
            if (state == gate::thread_state::blocked) return !e.letting_through;
            if (state != gate::thread_state::running) return false;  // its STATFS is there, and waits for us
        }
        ::sched_yield();
    }
    return false;
}

/// A probe is out and its STATFS has not arrived: is the thread blocked behind a writer, or just not there yet?
void watch::look(const entry_ptr& e) {
    if (e->probe == 0 || e->dying || !gate_) return;
    const pid_t thread = gate_->thread_of(e->probe);
    const bool blocked = thread != 0 && gate_->state_of(thread) == gate::thread_state::blocked;
    if (blocked && e->letting_through) return later(e, 1ms, &watch::look);
    if (blocked) return writer_queued(e);
    const auto waited = steady::now() - e->probe_sent;
    if (waited > gate_answers_within) {
        spdlog::warn("drainfs-gate does not answer: killing it");
        return gate_->kill();
    }
    later(e,
          waited < 300us ? steady::duration{25us}
          : waited < 3ms ? steady::duration{250us}
                         : steady::duration{3ms},
          &watch::look);
}

/// The prober got s_umount: nobody waits for it yet.
void watch::probe_arrived(const entry_ptr& e) {
    e->probe = 0;
    e->timer.cancel();
    if (std::exchange(e->letting_through, false)) return arm(e);  // the writer is through
    if (e->detached) later(e, probe_delay(++e->step), &watch::probe);
}

void watch::writer_queued(const entry_ptr& e) {
    if (!e->detached) detach_->poll();  // the event may be there already
    if (e->detached && steady::now() - e->detached_at < at_once) return dying(e);
    if (gate::mounted_devices().contains(e->m.dev)) return let_through(e);
    detached(e);
    dying(e);
}

void watch::dying(const entry_ptr& e) {
    e->dying = true;
    e->timer.cancel();
    e->tell.on_dying();
}

/// Somebody remounts, or freezes, a living superblock.
void watch::let_through(const entry_ptr& e) {
    emit("gate_let_through", *e);
    e->letting_through = true;
    e->holder_tid = 0;
    e->answer();
    later(e, look_first, &watch::look);  // until the probe's STATFS arrives behind the writer
}

void watch::live_probe() {
    auto next = entries_.upper_bound(last_probed_);
    if (next == entries_.end()) next = entries_.begin();
    if (next != entries_.end()) {
        last_probed_ = next->first;
        const auto e = next->second;
        if (e->armed() && e->probe == 0 && !e->detached && !e->dying) probe(e);
    }
    const auto mounts = std::max<std::size_t>(entries_.size(), 1);
    round_.expires_after(std::max<steady::duration>(live_round / mounts, 1ms));
    round_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
        const auto alive = self.lock();
        if (!error && alive && !alive->ended_) alive->live_probe();
    });
}

void watch::unmount(const std::string& dir, bool lazy, bool force, unmounted done) {
    const std::uint64_t tag = ++last_tag_;
    const std::uint32_t flags = (lazy ? gate::flag_lazy : 0u) | (force ? gate::flag_force : 0u);
    if (gate_ && gate_->send({gate::command::umount, 0, tag, 0, flags, dir})) {
        unmounts_[tag] = std::move(done);
        return;
    }
    asio::post(io_, [done = std::move(done)] { done(EIO); });
}

/// What the owner holds; ends the watch before the handlers' own references go.
class owner final : public umount_watch {
  public:
    explicit owner(std::shared_ptr<watch> w) : w_{std::move(w)} {}
    ~owner() override { w_->end(); }
    bool has_gate() const override { return w_->has_gate(); }
    const std::string& why_no_gate() const override { return w_->why_no_gate(); }
    pid_t gate_pid() const override { return w_->gate_pid(); }
    const char* detach_source() const override { return w_->detach_source(); }
    void add(const watched_mount& m, umount_events& tell) override { w_->add(m, tell); }
    void remove(std::uint32_t id) override { w_->remove(id); }
    void open(std::uint32_t id) override { w_->open(id); }
    bool on_statfs(std::uint32_t id, std::shared_ptr<fuse::statfs_call> call) override {
        return w_->on_statfs(id, std::move(call));
    }
    void on_statfs_interrupted(std::uint32_t id, pid_t caller) override { w_->on_statfs_interrupted(id, caller); }
    void unmount(const std::string& dir, bool lazy, bool force, unmounted done) override {
        w_->unmount(dir, lazy, force, std::move(done));
    }

  private:
    std::shared_ptr<watch> w_;
};

}  // namespace

std::unique_ptr<umount_watch> umount_watch::start(asio::io_context& io, trace::hub& events, settings s) {
    auto w = std::make_shared<watch>(io, events, s);
    w->begin();
    return std::make_unique<owner>(std::move(w));
}

}  // namespace drainlab::control
