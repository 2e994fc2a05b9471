// No unmounter waits for ever: what happens when a drain takes longer than its limit.
#include "fusefs/control/served_mount_parts.hpp"
#include "fusefs/storage/filesystem.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace drainlab::control {

void served_mount::watch_limit(milliseconds after) {
    timers_->limit.expires_after(after);
    timers_->limit.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
        const auto m = self.lock();
        if (!error && m) m->on_limit();
    });
}

/// A call that has hung for long will not return while we wait: it fails, and all that waits for it ends. The others
/// are given time.
bool served_mount::give_up_on_store() {
    const auto pending = fs_->pending_calls();
    const auto now = parts_.host.sched.now();
    const auto hangs = std::chrono::nanoseconds{parts_.drain_limit} / 4;
    const bool any = std::any_of(pending.begin(), pending.end(), [&](const auto& c) { return now - c.since > hangs; });
    if (!any) return false;
    for (const auto& c : pending)
        spdlog::error("  the store has not answered {}{}{} since {} ms", c.call, c.file.empty() ? "" : " of ", c.file,
                      std::chrono::duration_cast<milliseconds>(now - c.since).count());
    const auto& oldest = pending.front();
    parts_.host.violated("store_hangs",
                         fmt::format("the store of {} did not answer {}{}{}", request_.name, oldest.call,
                                     oldest.file.empty() ? "" : " of ", oldest.file),
                         {}, sb_.get());
    fs_->abandon_store();
    return true;
}

void served_mount::on_limit() {
    if (model_done_ || abandoned_) return;
    if (limit_reached_) {
        if (!give_up_on_store()) watch_limit(parts_.drain_limit / 4);
        return;
    }
    // A hold counts from the drain's beginning: one as long as the limit may end a little after it. A longer one was
    // asked for with force.
    const auto held_until =
        std::chrono::nanoseconds{sb_->drain_hold} + std::chrono::nanoseconds{phase_ns(phase::drain_begins)};
    const auto left = held_until + std::chrono::seconds{5} - std::chrono::nanoseconds{now_ns()};
    const bool wanted = (hold_ && hold_->force) || std::chrono::nanoseconds{sb_->drain_hold} <= parts_.drain_limit;
    if (phase_ns(phase::drained) == 0 && sb_->drain_hold.count() > 0 && wanted && left.count() > 0)
        return watch_limit(std::chrono::duration_cast<milliseconds>(left) + milliseconds{1});
    const double limit_s = static_cast<double>(parts_.drain_limit.count()) / 1000;
    spdlog::error("{}: the drain is not over after {} s; the gate opens. Who waits for what:", request_.dir, limit_s);
    const auto now = parts_.host.sched.now();
    for (const auto& w : parts_.host.sched.waiting())
        spdlog::error("  {} waits for {} since {} ms", w.task, w.waits_for,
                      std::chrono::duration_cast<milliseconds>(now - w.since).count());
    parts_.host.violated("drain_limit", fmt::format("the drain of {} did not end within {} s", request_.name, limit_s),
                         {}, sb_.get());
    limit_reached_ = true;
    if (!give_up_on_store()) watch_limit(parts_.drain_limit / 4);
    parts_.watch.open(id_);
}

}  // namespace drainlab::control
