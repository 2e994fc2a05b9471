#include "controller/sim/lazy.hpp"

#include "controller/sim/executor.hpp"
#include "fusefs/kernel/namespace/empty_super.hpp"
#include "fusefs/kernel/namespace/walk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::sim {

using namespace std::chrono_literals;
using kernel::nanoseconds;

namespace {

constexpr auto held_for = 50ms;

std::uint64_t ns(nanoseconds d) { return static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0)); }

nanoseconds share(nanoseconds whole, double of) {
    return nanoseconds{static_cast<std::int64_t>(static_cast<double>(whole.count()) * of)};
}

const kernel::drain_policy& any_drain_policy() { return *kernel::find_drain_policy("persb"); }

}  // namespace

std::vector<std::string> lazy_scenarios() { return {"umount_free", "lazy_free", "lazy_held"}; }

bool is_lazy_scenario(const std::string& name) {
    const auto all = lazy_scenarios();
    return std::find(all.begin(), all.end(), name) != all.end();
}

lazy_cell::lazy_cell(const machine_options& options, const kernel::namespace_policy& policy, std::string scenario,
                     std::uint64_t seed)
    : scenario_{std::move(scenario)},
      world_{options, any_drain_policy(), seed},
      mounts_{*world_.host, policy},
      root_{kernel::empty_super(*world_.host, "root")},
      ns_{kernel::make_mnt_namespace(mounts_, "init", root_)} {
    root_->s_bdi.cap_writeback = false;  // tmpfs: noop_backing_dev_info, shared by all of them
}

lazy_cell::~lazy_cell() { world_.sched.drop_all(); }

/// The end of a process frees through RCU: files, dentries, the task itself.
void lazy_cell::process_ends() {
    kernel::cgroup_exit_callbacks(*world_.rcu, world_.options().profile.callbacks_per_cgroup_exit);
}

sched::task<> lazy_cell::holder(kernel::path file) {
    co_await world_.sched.sleep_for(held_for, "a file that is held open");
    co_await kernel::sys_close(mounts_, std::move(file));
}

sched::task<> lazy_cell::umount8(report::umount_sample& out, const std::shared_ptr<kernel::super_block>& sb) {
    auto& sched = world_.sched;
    const auto& machine = world_.options().profile;
    const nanoseconds base = machine.umount_base;
    const nanoseconds before_the_call = share(base, machine.umount_before_call);  // the rest: the shutdown and its exit
    const unsigned flags = scenario_ == "umount_free" ? 0 : kernel::MNT_DETACH;
    const auto called = sched.now();
    sb->on_phase = [&out, called, &sched](std::string_view phase) {
        const auto at = ns(sched.now() - called);
        if (phase == "drain_begins") out.drain_begins_ns = at;
        if (phase == "drained") out.drained_ns = at;
        if (phase == "dead") out.dead_ns = at;
    };
    co_await world_.work(before_the_call);
    const int result = co_await kernel::sys_umount(mounts_, ns_, "mnt", flags);
    DRAINLAB_CHECK(result == 0);
    out.detached_ns = ns(sched.now() - called);
    co_await world_.work(base - before_the_call);
    out.umount_ns = ns(sched.now() - called);
    process_ends();
}

sched::task<> lazy_cell::one_cycle(report::umount_sample& out) {
    auto& sched = world_.sched;
    // No pause: `perf stat -r 10 --pre mount` has none either,
    // so what the last umount(8) left to RCU is still under way.
    co_await world_.work(world_.options().profile.mount_base);  // mount(8)
    const auto sb = kernel::empty_super(*world_.host, fmt::format("tmpfs{}", cycles_), &root_->s_bdi);
    const int mounted = co_await kernel::sys_mount(mounts_, ns_, "mnt", sb);
    DRAINLAB_CHECK(mounted == 0);
    process_ends();
    const bool held = scenario_ == "lazy_held";
    if (held) {
        kernel::path file = co_await kernel::sys_open(mounts_, ns_, "mnt/file");
        sched.spawn("holder", holder(std::move(file)));
    }
    co_await umount8(out, sb);
    if (!held && sb->state != kernel::sb_state::dead) ++busy_at_next_mount_;  // mkfs and mount say "device busy"
    while (sb->state != kernel::sb_state::dead) co_await sched.sleep_for(1ms, "the superblock's death");
    sb->on_phase = nullptr;
}

experiment::result<report::cycle_sample> lazy_cell::cycle() {
    report::cycle_sample sample;
    sample.umounts.resize(1);
    ++cycles_;
    if (!world_.run(one_cycle(sample.umounts[0]), "cycle"))
        return experiment::failure{
            "stuck", scenario_ + ": the modelled machine came to a standstill", {}, experiment::exit_code::violated, 0};
    auto rcu = world_.rcu->take_samples();
    for (const auto v : rcu.synchronize) sample.synchronize_ns.push_back(static_cast<std::uint64_t>(v));
    for (const auto v : rcu.expedited) sample.expedited_ns.push_back(static_cast<std::uint64_t>(v));
    sample.violations = violations();
    sample.observations = std::exchange(mounts_.observations, {});
    if (std::exchange(busy_at_next_mount_, 0) > 0) sample.observations.emplace_back("device_busy_at_next_mount");
    const auto& s = mounts_.stats;
    if (s.walk_writes > 0)
        sample.observations.push_back(fmt::format("walks_write: {:.1f} writes of shared memory per path walk",
                                                  static_cast<double>(s.walk_writes) / static_cast<double>(s.walks)));
    return sample;
}

std::vector<report::violation> lazy_cell::finish() {
    if (world_.run(kernel::settle_mounts(mounts_), "settle")) kernel::check_leaked_mounts(mounts_);
    return violations();
}

std::vector<report::violation> lazy_cell::violations() {
    std::vector<report::violation> out;
    const auto& all = world_.host->violations;
    for (; violations_seen_ < all.size(); ++violations_seen_) {
        report::violation v;
        v.invariant = all[violations_seen_].invariant;
        v.message = all[violations_seen_].message;
        out.push_back(std::move(v));
    }
    return out;
}

experiment::result<std::vector<report::cell>> run_lazy(
    const lazy_run& r, const std::function<void(const std::string&, const std::string&, int, int)>& tell,
    const std::function<bool()>& stop) {
    std::vector<report::cell> cells;
    for (const auto& scenario : r.scenarios)
        for (const auto& id : r.policies) {
            const auto* policy = kernel::find_namespace_policy(id);
            DRAINLAB_CHECK(policy != nullptr);
            lazy_cell machine{r.machine, *policy, scenario, cell_seed(r.seed, scenario, id)};
            report::collector collected{scenario, id, "tmpfs"};
            for (int n = 0; n < r.samples && !stop(); ++n) {
                tell(scenario, id, n, r.samples);
                auto sample = machine.cycle();
                if (!sample) return sample.error();
                collected.add(sample.value());
            }
            report::cycle_sample last;
            last.violations = machine.finish();
            collected.add(last);
            cells.push_back(collected.make());
            cells.back().namespace_policy = id;
            auto& seen = cells.back().observations;
            std::sort(seen.begin(), seen.end());
            seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
        }
    return cells;
}

// ---- the published figures ----------------------------------------------------------------------------------------

namespace {

/// "[PATCH v4] fs/namespace: defer RCU sync for MNT_DETACH umount", April 2025: perf stat -r 10
/// of a tmpfs on 6.15-rc1 with PREEMPT_RT. Without the patch is `expedited`, with it `deferred`.
struct published {
    const char *scenario, *policy;
    double mean_ms, plus_minus_ms;
};
constexpr published lazy_thread[] = {
    {"umount_free", "expedited", 24.55, 1.07},
    {"lazy_free", "expedited", 25.55, 1.14},
    {"umount_free", "deferred", 26.311, 0.869},
    {"lazy_free", "deferred", 3.194, 0.160},
};
constexpr double within = 1.25;

const report::cell* find(const std::vector<report::cell>& cells, const std::string& scenario,
                         const std::string& policy) {
    for (const auto& c : cells)
        if (c.scenario == scenario && c.namespace_policy == policy && c.umount_ms) return &c;
    return nullptr;
}

}  // namespace

compared compare_lazy(const std::vector<report::cell>& ours) {
    compared all;
    all.text = fmt::format("  {:<28}{:>10}{:>18}{:>8}\n", "mean ms", "ours", "published", "ratio");
    for (const auto& p : lazy_thread) {
        const auto* c = find(ours, p.scenario, p.policy);
        if (!c) continue;
        const double ratio = c->umount_ms->mean / p.mean_ms;
        const bool good = ratio <= within && ratio * within >= 1;
        ++all.figures;
        all.missed += !good;
        all.text += fmt::format("  {:<28}{:>10.2f}{:>10.2f} +- {:>4.2f}{:>8.2f}{}\n",
                                fmt::format("{} {}", p.scenario, p.policy), c->umount_ms->mean, p.mean_ms,
                                p.plus_minus_ms, ratio, good ? "" : "  MISS");
    }
    return all;
}

}  // namespace drainlab::sim
