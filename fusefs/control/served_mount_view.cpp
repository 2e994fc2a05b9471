// What is seen of a mount, and changed, from outside.
#include "fusefs/control/served_mount_parts.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "fusefs/storage/filesystem.hpp"

#include <algorithm>
#include <utility>

namespace drainlab::control {

storage::device_limits to_storage(const device_limits& d) {
    using std::chrono::microseconds;
    return {microseconds{d.latency_us}, d.bandwidth_bytes_per_s, d.iops, microseconds{d.flush_us}};
}

std::vector<storage::error_rule> error_rules(const device_limits& d) {
    std::vector<storage::error_rule> rules;
    for (const auto& e : d.errors)
        rules.push_back(
            {*storage::parse_device_op(e.op), e.path, e.probability, storage::parse_errno(e.error), e.seed});
    return rules;
}

void served_mount::update_hold() {
    auto wanted = request_.umount_delay;
    if (hold_) wanted = std::max(wanted, hold_->duration);
    kernel::set_drain_hold(*sb_, wanted);
}

void served_mount::set_hold(std::optional<hold_request> h) {
    hold_ = h;
    update_hold();
}

void served_mount::apply(const mount_patch& p) {
    if (p.keep_pages) request_.keep_pages = p.keep_pages;
    if (p.umount_delay) request_.umount_delay = *p.umount_delay;
    if (p.device) request_.device = *p.device;
    if (p.dirty_limit_bytes) request_.dirty_limit_bytes = p.dirty_limit_bytes;
    auto& cache = fs_->cache();
    if (p.keep_pages) cache.mode = *p.keep_pages ? storage::cache_mode::keep : storage::cache_mode::drop;
    if (p.device) {
        cache.device.set_limits(to_storage(*p.device));
        cache.device.errors.set(error_rules(*p.device));
        if (session_) session_->device_changed();
    }
    if (p.dirty_limit_bytes) cache.limits.dirty_bytes = *p.dirty_limit_bytes;
    update_hold();
}

bool served_mount::add_fault(const fault::rule& r) { return session_ && session_->add_fault(r); }
std::size_t served_mount::clear_faults(const std::string& name) { return session_ ? session_->clear_faults(name) : 0; }
std::size_t served_mount::release_faults(const std::string& name) {
    return session_ ? session_->release_faults(name) : 0;
}

mount_view served_mount::view() const {
    mount_view v;
    v.id = id_;
    v.name = request_.name;
    v.dir = request_.dir;
    v.policy = sb_->policy->id();
    v.profile = parts_.host.prof.name;
    v.who = who_;
    v.state = state_;
    v.store = request_.store;
    v.bdi = request_.bdi;
    v.with_pid = request_.with_pid;
    v.keep_pages = request_.keep_pages.value_or(false);
    v.gated = gated_;
    v.allow_other = session_ && session_->allow_other();
    v.options = request_.options;
    v.umount_delay = request_.umount_delay;
    v.lose_unsynced = request_.lose_unsynced;
    v.unsynced = fs_->cache().unsynced();
    v.device = request_.device;
    v.device_use = fs_->cache().device.times();
    if (session_)
        for (const auto& f : session_->faults().all()) v.faults.push_back({f->asked, f->saw, f->as_asked()});
    for (const auto& r : fs_->cache().device.errors.rules())
        v.device_errors.emplace_back(r->saw.matched, r->saw.injected);
    v.phases_ns = phases_;
    v.isw_in_flight = sb_->own_in_flight;
    v.switches = sb_->switches;
    v.drain = sb_->drain;
    if (session_) {
        const auto c = session_->counters();
        v.open_files = c.open_files;
        v.guessed_bytes = c.guessed_bytes;
        v.unknown_caller = c.unknown_caller;
        v.requests = c.requests;
    }
    v.inodes = sb_->s_inodes.size();
    v.dirty_bytes = fs_->cache().dirty_bytes();
    for (const auto& c : fs_->pending_calls()) v.store_calls.push_back({std::string{c.call}, c.file, to_ns(c.since)});
    for (const auto& l : fs_->cache().lost()) v.lost.push_back({l.path, l.bytes, storage::errno_name(l.error)});
    v.silent_failures = fs_->cache().silent_failures();
    const auto& all = parts_.host.violations;
    for (std::size_t i = first_violation_; i < all.size(); ++i)
        if (all[i].mount == request_.name) v.violations.push_back(all[i]);
    return v;
}

}  // namespace drainlab::control
