// Making them, and letting them go.
#include "fusefs/control/owner_record.hpp"
#include "fusefs/control/process.hpp"
#include "fusefs/control/served_mounts_parts.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/process_identity.hpp"
#include "fusefs/storage/open_outside.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>

namespace drainlab::control {

served_mounts::served_mounts(mount_parts parts, mount_defaults defaults, callbacks on)
    : parts_{parts}, defaults_{defaults}, on_{std::move(on)} {}

served_mounts::~served_mounts() { abandon_all(); }

api_error delay_without_gate(const std::string& why) {
    return {501, "failed", fmt::format("an unmount cannot be made slow here: {}", why),
            "with umount_wait api (--umount-wait api) `drainctl umount` waits for the drain, and nobody else"};
}

api_error unknown_policy(const std::string& word) {
    return {400, "unknown_policy", fmt::format("unknown policy '{}'", word),
            fmt::format("known: {}", fmt::join(kernel::policy_ids(), ", "))};
}

namespace {

bool is_it(const served_mount& m, const os::mount_line& line, const std::vector<os::mount_line>& table) {
    if (m.dev() != line.device()) return false;
    const auto its = os::find_mount(table, m.identity());
    return its && its->id == line.id;
}

bool is_same_process(const os::process_identity& seen) {
    const auto here = os::identify_process(seen.pid);
    return here.start_time == seen.start_time && here.pid_namespace == seen.pid_namespace;
}

}  // namespace

std::optional<api_error> served_mounts::refuse(const mount_request& r) const {
    if (stopping_) return api_error{503, "failed", "the daemon is stopping", ""};
    if (r.policy && !kernel::find_drain_policy(*r.policy)) return unknown_policy(*r.policy);
    if (r.wait == umount_wait::gate && !parts_.watch.has_gate())
        return api_error{501, "failed", fmt::format("umount_wait gate: {}", parts_.watch.why_no_gate()),
                         "use auto or api"};
    const bool waits_by_api = r.wait.value_or(defaults_.wait) == umount_wait::api;
    if (r.umount_delay.count() > 0 && !waits_by_api && !parts_.watch.has_gate())
        return delay_without_gate(parts_.watch.why_no_gate());
    if (r.with_pid && !process_exists(*r.with_pid))
        return bad_request(fmt::format("'with_pid' is {}: there is no such process", *r.with_pid));
    if (r.with_pid && r.with_pid_seen && !is_same_process(*r.with_pid_seen))
        return api_error{409, "other_namespace",
                         fmt::format("'with_pid' is {}: another process has that number here than where you are, in "
                                     "another pid namespace",
                                     *r.with_pid),
                         "use a daemon of your own there: another --socket"};
    const auto now = storage::open_cached(r.dir);  // `place` may have been covered since it was looked up
    const auto below = now ? os::mount_at_fd(now.get()) : std::nullopt;
    if (const auto why = on_.why_off_limits ? on_.why_off_limits(r.dir, below ? below->type : "") : std::nullopt)
        return api_error{400, "not_a_directory", fmt::format("{} cannot be mounted on: {}", r.dir, *why),
                         "choose a directory of its own"};
    for (const auto& m : opening_)
        if (m->dir() == r.dir || m->name() == r.name)
            return api_error{409, "busy", fmt::format("{} is just being mounted as '{}'", m->dir(), m->name()), ""};
    if (auto error = on_one_of_ours(r.dir, below)) return error;
    for (const auto& [id, m] : mounts_)
        if (m->state() != mount_state::dead && m->name() == r.name)
            return bad_request(fmt::format("'name' is '{}': a mount of that name lives ({})", r.name, m->dir()));
    return std::nullopt;
}

/// A directory that a living mount of ours is on, neither covered nor hidden, or that lies on one.
std::optional<api_error> served_mounts::on_one_of_ours(const std::string& dir,
                                                       const std::optional<os::mount_below>& below) const {
    const auto table = below ? nullptr : os::current_mounts();
    const auto top = table ? os::mount_containing(*table, dir) : std::nullopt;
    for (const auto& [id, m] : mounts_) {
        if (m->state() != mount_state::live) continue;
        if (below ? m->identity().id != below->unique_id : !top || !is_it(*m, *top, *table)) continue;
        const auto place = top ? top->dir : place_of(*m);
        if (place == dir)
            return api_error{409, "already_ours", fmt::format("{} is already mounted here as '{}'", dir, m->name()),
                             "choose another directory"};
        return mount_error(EXDEV, fmt::format("mount point {}: lies on the drainfs mount {}", dir, place));
    }
    return std::nullopt;
}

kernel::backing_dev_info* served_mounts::shared_bdi(const served_mount& new_one) const {
    if (!new_one.bdi_name()) return nullptr;
    for (const auto& [id, m] : mounts_)
        if (m->super() && m->bdi_name() == new_one.bdi_name() &&
            (m->state() == mount_state::live || m->state() == mount_state::detached))
            return &m->super()->s_bdi;
    return nullptr;
}

void served_mounts::create(mount_request request, made done) {
    const std::uint32_t id = ++last_id_;
    if (request.name.empty()) request.name = fmt::format("drainfs-{}", id);
    if (auto error = refuse(request)) return done(*std::move(error));
    if (!request.keep_pages) request.keep_pages = defaults_.keep_pages;
    if (!request.wait) request.wait = defaults_.wait;
    const auto& policy = request.policy ? *kernel::find_drain_policy(*request.policy) : *defaults_.policy;
    mount_owner& owner = *this;
    const auto m = std::make_shared<served_mount>(parts_, owner, id, std::move(request), policy);
    parts_.host.sched.start("mount", open_and_start(m, std::move(done)));
}

sched::task<> served_mounts::open_and_start(std::shared_ptr<served_mount> m, made done) {
    opening_.push_back(m);
    auto failed = co_await m->open_store();
    if (!failed && stopping_) failed = api_error{503, "failed", "the daemon is stopping", ""};
    if (!failed) {
        ++placing_;
        co_await m->place();
        --placing_;
    }
    opening_.remove(m);
    if (failed || (stopping_ && m->placed())) {
        if (!failed) take_away_unserved(m);
        done(failed ? *std::move(failed) : api_error{503, "failed", "the daemon is stopping", ""});
    } else {
        start(m, std::move(done));
    }
    if (stop_) stop_step();
}

/// Made while the daemon was asked to stop.
void served_mounts::take_away_unserved(const std::shared_ptr<served_mount>& m) {
    if (parts_.record) parts_.record->forget(m->id());
    if (stop_) ++stop_->unmounting;
    unmount(*m, true, false, [this, m, state = stop_](int) {
        if (!state) return;
        --state->unmounting;
        stop_step();
    });
}

void served_mounts::start(const std::shared_ptr<served_mount>& m, made done) {
    const bool delay = m->umount_delay().count() > 0 && m->wait() == umount_wait::automatic;
    const bool gate_wanted = m->wait() == umount_wait::gate || delay;
    mounts_[m->id()] = m;
    auto error = m->start(shared_bdi(*m), [this, m, done, gate_wanted, delay](const std::string& why) {
        if (!why.empty() && !(why.starts_with("--umount-wait")))
            spdlog::warn("{}: an unmount does not wait for the drain: {}", m->dir(), why);
        if (!gate_wanted || m->gated()) return done(m->view());
        unmount(*m, true, false, [](int) {});
        if (delay) return done(delay_without_gate(why));
        done(api_error{501, "failed", fmt::format("umount_wait gate: {}", why), "use auto or api"});
    });
    if (!error) {
        if (const auto held = holds_.find(m->dir()); held != holds_.end()) m->set_hold(held->second);
        return;
    }
    done(*std::move(error));  // the mount goes by itself, through on_gone()
}

namespace {

/// Phases that were not reached are 0.
void note_times(const mount_view& v, umount_times& times) {
    const auto at = [&](phase p) { return v.phases_ns[static_cast<std::size_t>(p)]; };
    auto& both = times[v.policy];
    if (at(phase::drain_begins) > 0 && at(phase::drained) > 0)
        both.drain.record(at(phase::drained) - at(phase::drain_begins));
    if (at(phase::detached) > 0 && at(phase::dead) > 0) both.umount.record(at(phase::dead) - at(phase::detached));
}

}  // namespace

void served_mounts::on_gone(served_mount& m) {
    const std::uint32_t id = m.id();
    const auto keep = mounts_.find(id);
    if (keep == mounts_.end()) return;
    const auto self = keep->second;
    mounts_.erase(keep);
    if (parts_.record) parts_.record->forget(id);
    gone_.push_back(self->view());
    if (gone_.size() > remembered) gone_.pop_front();
    totals_.requests += gone_.back().requests;
    totals_.guessed_bytes += gone_.back().guessed_bytes;
    totals_.unknown_caller += gone_.back().unknown_caller;
    note_times(gone_.back(), totals_.times);
    on_changed(*self);
    self->abandon();
    asio::post(parts_.io, [this, self] {
        if (mounts_.empty()) on_.on_empty();
        if (stop_) stop_step();
    });
}

void served_mounts::abandon_all() {
    for (const auto& w : std::exchange(waiters_, {})) {
        w->done = nullptr;
        w->timer.cancel();
    }
    for (const auto& m : opening_) m->abandon();
    for (const auto& [id, m] : mounts_) m->abandon();
}

}  // namespace drainlab::control
