#include "controller/sim/cell.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::sim {

using namespace std::chrono_literals;

namespace {

std::uint64_t ns(nanoseconds d) { return static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0)); }

std::optional<std::uint64_t> reached(instant phase, instant called) {
    if (phase == instant{}) return std::nullopt;
    return ns(phase - called);
}

std::vector<std::uint64_t> unsigned_ns(const std::vector<std::int64_t>& values) {
    std::vector<std::uint64_t> out;
    for (const auto v : values) out.push_back(static_cast<std::uint64_t>(v));
    return out;
}

report::switch_figures difference(const kernel::switch_stats& now, const kernel::switch_stats& then) {
    report::switch_figures s;
    s.queued = now.queued - then.queued;
    s.done = now.done - then.done;
    s.inodes = now.inodes - then.inodes;
    s.by_producer = {now.by_producer[0] - then.by_producer[0], now.by_producer[1] - then.by_producer[1],
                     now.by_producer[2] - then.by_producer[2]};
    return s;
}

std::string who_waits(const sched::scheduler& sched) {
    std::string text;
    for (const auto& w : sched.waiting())
        if (w.kind == sched::fiber_kind::thread)
            text += fmt::format("{}{} for {}", text.empty() ? "" : ", ", w.task, w.waits_for);
    return text;
}

nanoseconds part(nanoseconds whole, double share) {
    return nanoseconds{static_cast<std::int64_t>(static_cast<double>(whole.count()) * share)};
}

}  // namespace

cell::cell(const machine_options& options, const kernel::drain_policy& policy, const experiment::scenario& s,
           std::uint64_t seed)
    : scenario_{s}, world_{options, policy, seed} {
    for (int i = 0; i < options.superblocks; ++i) idle_.push_back(world_.mount("idle" + std::to_string(i)));
    const int burners = s.background.mounts > 0 && options.burners > 0 ? options.burners : s.background.mounts;
    for (int i = 0; i < burners; ++i) {
        background_.push_back(world_.mount("background" + std::to_string(i)));
        burners_.push_back(world_.burn(background_.back(), s.background.writes, burners));
    }
    if (s.neighbour.dirty_mib > 0) {
        background_.push_back(world_.mount("neighbour", nullptr, std::uint64_t{s.neighbour.mib_per_s} << 20));
        burners_.push_back(world_.burn(background_.back(), s.background.writes));
        world_.sched.spawn("sync", neighbour(background_.back()), sched::fiber_kind::service);
    }
    warm_up();
    if (options.events) recorder_.emplace(world_);
}

/// Until every burner has made its first switch possible: two generations. Bounded, as those can
/// be as long as one likes; more burners than CPUs take turns, so they get that much longer.
void cell::warm_up() {
    if (burners_.empty()) return;
    std::size_t begun = 0;
    const auto all = [&] {
        while (begun < burners_.size() && burners_[begun]->generations >= 2) ++begun;
        return begun == burners_.size();
    };
    const auto turns = 1 + static_cast<std::int64_t>(burners_.size()) / world_.cpus.cpus();
    world_.sched.run_until(all, world_.sched.now() + 3s * turns);
}

// ---- load ---------------------------------------------------------------------------------------------------------

task<> cell::prepare(mounted& m) {
    if (scenario_.target.load == experiment::target_load::burner) co_await own_churn(m);
    if (scenario_.target.load == experiment::target_load::container) co_await fill(m);
    if (scenario_.target.load == experiment::target_load::overlay) co_await others_write();
}

/// A burner of the target's own, which is stopped: its file closed, its cgroup removed.
task<> cell::own_churn(mounted& m) {
    auto& sched = world_.sched;
    const auto own = world_.burn(m, scenario_.target.writes);
    co_await sched.sleep_for(scenario_.target.burn_for, "the target's burner");
    const instant limit = sched.now() + 2s;
    while (scenario_.target.in_flight && m.sb->own_in_flight == 0 && sched.now() < limit)
        co_await sched.wait_on(m.sb->isw_queued_key(), "a switch of the target", limit);
    own->stop = true;
    own->stop_at_once = scenario_.target.in_flight;
    while (!own->ended) co_await sched.wait_on(own.get(), "the target's burner to end");
}

/// A container dirties many files, a page each, which the flusher cleans at once; then its process ends.
task<> cell::fill(mounted& m) {
    const auto container = kernel::memcg_create(*world_.host, "container");
    for (unsigned n = 0; n < scenario_.target.files; ++n) {
        const auto file = kernel::iget_locked(*m.sb, 1'000'000 + n);
        co_await world_.work(world_.options().profile.file_write);
        kernel::folio_add(*file, 0, container);
        co_await kernel::folio_mark_dirty(*file, 0, container);
    }
    (void)co_await kernel::sync_filesystem(*m.sb);
    containers_.push_back(container);
}

/// Somebody leaves a file dirty on the superblock that the overlay's upper layer lies on.
task<> cell::others_write() {
    const auto file = kernel::iget_locked(*background_.front().sb, 3);
    const std::uint64_t pages = scenario_.target.dirty_kib / 4;
    const auto& p = world_.options().profile;
    for (std::uint64_t n = 0; n < pages; ++n) {
        if (!file->i_mapping.i_pages.contains(n)) kernel::folio_add(*file, n, world_.host->root_memcg);
        co_await kernel::folio_mark_dirty(*file, n, world_.host->root_memcg);
        if (n % 256 == 255) co_await world_.work(p.copy_mib);
    }
}

/// Dirties a file and syncs the superblock, again and again.
task<> cell::neighbour(mounted& m) {
    const auto file = kernel::iget_locked(*m.sb, 3);
    const std::uint64_t pages = std::uint64_t{scenario_.neighbour.dirty_mib} * 256;
    for (;;) {
        for (std::uint64_t n = 0; n < pages; ++n) {
            if (!file->i_mapping.i_pages.contains(n)) kernel::folio_add(*file, n, world_.host->root_memcg);
            co_await kernel::folio_mark_dirty(*file, n, world_.host->root_memcg);
            if (n % 256 == 255) co_await world_.work(world_.options().profile.copy_mib);
        }
        const auto shared = co_await m.sb->s_umount.down_read();
        (void)co_await kernel::sync_inodes_sb(*m.sb);
    }
}

// ---- one cycle ----------------------------------------------------------------------------------------------------

/// As the real bench: the unmount begins when a switch is in flight somewhere, or after half a second without.
task<> cell::in_flight() {
    for (int n = 0; n < 250 && !burners_.empty() && world_.host->isw_nr_in_flight.peek() == 0; ++n)
        co_await world_.sched.sleep_for(2ms, "a switch in flight");
}

/// umount(8). namespace_unlock() has an expedited grace period
/// of its own; then the last mntput shuts the superblock down.
task<> cell::umount(mounted& m, report::umount_sample& out, int& left) {
    auto& sched = world_.sched;
    const auto& machine = world_.options().profile;
    const nanoseconds base = machine.umount_base;
    const instant called = sched.now();
    if (recorder_) recorder_->note("umount_called", m.sb->s_id);
    co_await world_.work(part(base, machine.umount_before_call));
    if (recorder_) recorder_->note("detached", m.sb->s_id);
    out.detached_ns = ns(sched.now() - called);
    co_await world_.rcu->synchronize_expedited();
    const auto sb = m.sb;
    if (sb->own_in_flight > 0) ++own_seen_;
    co_await kernel::deactivate_super(*sb);
    // ovl_free_fs(): kern_unmount_array() of the layers' private mounts.
    if (scenario_.target.load == experiment::target_load::overlay) co_await world_.rcu->synchronize_expedited();
    co_await world_.work(part(base, machine.umount_in_shutdown));
    out.drain_begins_ns = reached(sb->phases.drain_begins, called);
    out.drained_ns = reached(sb->phases.drained, called);
    if (sb->state == kernel::sb_state::dead)
        out.dead_ns = ns(sched.now() - called);  // pin_super: umount returns before
    co_await world_.work(part(base, 1 - machine.umount_before_call - machine.umount_in_shutdown));
    out.umount_ns = ns(sched.now() - called);
    if (recorder_) recorder_->note("umount_returned", sb->s_id);
    const auto& d = sb->drain;
    out.drain_calls = d.calls;
    out.drain_waited = d.waited;
    out.drain_ns = static_cast<std::uint64_t>(d.ns);
    out.synchronize_ns = static_cast<std::uint64_t>(d.synchronize_ns);
    out.barrier_ns = static_cast<std::uint64_t>(d.barrier_ns);
    out.flush_ns = static_cast<std::uint64_t>(d.flush_ns);
    out.modelled_ns = static_cast<std::uint64_t>(d.modelled_ns);
    out.in_flight_at_entry = static_cast<std::uint64_t>(d.in_flight_at_entry);
    if (--left == 0) sched.wake_all(&left);
}

mounted cell::mount_target(int number) {
    const auto& target = scenario_.target;
    auto name = fmt::format("target{}.{}", cycles_, number);
    if (target.load == experiment::target_load::overlay)
        return world_.mount_overlay(std::move(name), background_.front(), target.is_volatile);
    const bool shared = target.shares_bdi && !background_.empty();
    return world_.mount(std::move(name), shared ? &background_.front() : nullptr);
}

task<> cell::one_cycle(experiment::cycle_outcome& out) {
    auto& sched = world_.sched;
    const auto& target = scenario_.target;
    co_await sched.sleep_for(world_.about(40ms), "between two cycles");
    std::vector<mounted> targets;
    for (int i = 0; i < target.at_once; ++i) {
        co_await world_.work(world_.options().profile.mount_base);
        targets.push_back(mount_target(i));
    }
    for (auto& m : targets) co_await prepare(m);
    if (!target.in_flight) co_await in_flight();
    for (const auto& container : std::exchange(containers_, {})) kernel::memcg_rmdir(container);
    const auto within = static_cast<std::uint64_t>(nanoseconds{target.umount_within}.count());
    if (within > 0) co_await sched.sleep_for(nanoseconds{static_cast<std::int64_t>(sched.generator().below(within))});
    out.sample.umounts.resize(targets.size());
    own_seen_ = 0;
    int left = static_cast<int>(targets.size());
    for (std::size_t i = 0; i < targets.size(); ++i)
        sched.spawn("umount", umount(targets[i], out.sample.umounts[i], left), sched::fiber_kind::thread,
                    static_cast<int>(sched.generator().below(static_cast<std::uint64_t>(world_.cpus.cpus()))));
    while (left > 0) co_await sched.wait_on(&left, "the unmounts");
    if (target.in_flight && own_seen_ < targets.size()) out.repeat = "no switch of the target's own was in flight";
    // What was begun on the targets ends before their filesystems go.
    for (auto& m : targets) {
        while (m.sb->own_in_flight > 0) co_await sched.wait_on(&m.sb->own_in_flight, "late switches");
        gone_.push_back(std::move(m.fs));
    }
}

void cell::collect(report::cycle_sample& into) {
    auto rcu = world_.rcu->take_samples();
    into.switches = difference(world_.host->switches, before_);
    before_ = world_.host->switches;
    into.synchronize_ns = unsigned_ns(rcu.synchronize);
    into.barrier_ns = unsigned_ns(rcu.barrier);
    into.expedited_ns = unsigned_ns(rcu.expedited);
    into.switch_ns = unsigned_ns(std::exchange(world_.host->switch_ns, {}));
    into.violations = violations();
    if (recorder_) into.events = recorder_->take();
}

std::vector<report::violation> cell::violations() {
    std::vector<report::violation> out;
    const auto& all = world_.host->violations;
    for (; violations_seen_ < all.size(); ++violations_seen_) {
        const auto& v = all[violations_seen_];
        out.push_back({v.invariant, v.message, v.producer.empty() ? std::nullopt : std::optional{v.producer}});
    }
    return out;
}

experiment::result<experiment::cycle_outcome> cell::cycle() {
    experiment::cycle_outcome out;
    ++cycles_;
    if (!world_.run(one_cycle(out), "cycle"))
        return experiment::failure{"stuck",
                                   "the modelled machine came to a standstill: " + who_waits(world_.sched),
                                   {},
                                   experiment::exit_code::violated,
                                   0};
    collect(out.sample);
    return out;
}

}  // namespace drainlab::sim
