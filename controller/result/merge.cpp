#include "controller/result/merge.hpp"

#include "controller/result/collect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace drainlab::report {
namespace {

/// What two results must have in common to be one.
std::optional<std::string> differs(const result& a, const result& b) {
    const auto say = [](const char* what, const auto& x, const auto& y) {
        return fmt::format("their {} are {} and {}", what, x, y);
    };
    const auto word = [](const std::optional<std::string>& w) { return w.value_or("none"); };
    if (a.run.mode != b.run.mode) return fmt::format("one is {}, the other {}", a.run.mode, b.run.mode);
    if (a.run.profile != b.run.profile) return say("profiles", a.run.profile, b.run.profile);
    if (a.run.workload != b.run.workload) return say("workloads", a.run.workload, b.run.workload);
    if (a.environment.kernel != b.environment.kernel) return say("kernels", a.environment.kernel, b.environment.kernel);
    if (a.environment.cpus != b.environment.cpus) return say("CPUs", a.environment.cpus, b.environment.cpus);
    if (a.run.umount != b.run.umount) return say("ways to unmount", word(a.run.umount), word(b.run.umount));
    if (a.environment.umount_wait != b.environment.umount_wait)
        return say("unmounts waited for by", word(a.environment.umount_wait), word(b.environment.umount_wait));
    if (a.run.shard && b.run.shard && a.run.shard->of != b.run.shard->of)
        return fmt::format("one is a shard of {}, the other of {}", a.run.shard->of, b.run.shard->of);
    return std::nullopt;
}

}  // namespace

merger::merger(result first) : all_{std::move(first)} {
    note(all_);
    cells_ = std::move(all_.cells);
}

void merger::note(const result& r) {
    for (const auto& c : r.cells) seen_.insert({c.scenario, c.policy, c.point, r.run.seed});
    if (r.run.shard) shards_of_ = r.run.shard->of;
}

std::optional<std::string> merger::add(result more) {
    if (auto what = differs(all_, more)) return what;
    for (const auto& c : more.cells)
        if (all_.run.mode == "sim" && seen_.contains({c.scenario, c.policy, c.point, more.run.seed}))
            return fmt::format(
                "the others hold {} under {} with the same seed already; the same samples must not be counted twice",
                c.scenario, c.policy);
    note(more);
    for (auto& c : more.cells) {
        const auto at = std::find_if(cells_.begin(), cells_.end(), [&](const cell& o) { return same_cell(o, c); });
        if (at == cells_.end())
            cells_.push_back(std::move(c));
        else
            merge_cell(*at, c);
    }
    for (auto& g : more.guests) {
        const auto same = [&](const guest_figures& o) { return o.policy == g.policy && o.kernel == g.kernel; };
        if (std::none_of(all_.guests.begin(), all_.guests.end(), same)) all_.guests.push_back(std::move(g));
    }
    all_.complete = all_.complete && more.complete;
    all_.run.elapsed_s += more.run.elapsed_s;
    for (const auto& w : more.run.warnings)
        if (std::find(all_.run.warnings.begin(), all_.run.warnings.end(), w) == all_.run.warnings.end())
            all_.run.warnings.push_back(w);
    if (!all_.run.grid_cells) all_.run.grid_cells = more.run.grid_cells;
    if (!more.run.started.empty() && more.run.started < all_.run.started) all_.run.started = more.run.started;
    return std::nullopt;
}

void merger::look_for_gaps() {
    std::set<std::uint64_t> places, shards, gaps;
    for (const auto& c : cells_)
        if (c.place) places.insert(*c.place);
    if (places.empty()) return;
    const auto all = std::max(all_.run.grid_cells.value_or(0), *places.rbegin() + 1);
    for (std::uint64_t n = 0; n < all; ++n) {
        if (places.contains(n)) continue;
        gaps.insert(n);
        if (shards_of_ > 0) shards.insert(n % static_cast<std::uint64_t>(shards_of_) + 1);
    }
    for (const auto n : shards) missing_.push_back(fmt::format("shard {}/{}", n, shards_of_));
    if (shards_of_ == 0 && !gaps.empty())
        missing_.push_back(fmt::format("cells {} of the grid", fmt::join(gaps, ", ")));
}

bool merger::has_all_samples() const {
    const auto full = [&](const cell& c) {
        return c.place && c.samples >= static_cast<std::uint64_t>(std::max(1, all_.run.samples));
    };
    return std::all_of(cells_.begin(), cells_.end(), full);
}

result merger::finish(const std::string& against) {
    look_for_gaps();
    if (missing_.empty()) all_.run.shard.reset();  // the parts of one run: what that run would have been
    if (!missing_.empty())
        all_.complete = false;
    else if (has_all_samples())
        all_.complete = true;  // an earlier merge that lacked a part was incomplete
    std::stable_sort(cells_.begin(), cells_.end(), [](const cell& a, const cell& b) {
        return a.place.value_or(UINT64_MAX) < b.place.value_or(UINT64_MAX);
    });
    all_.cells = std::move(cells_);
    finish_points(all_, against, all_.run.seed);
    return std::move(all_);
}

void finish_points(result& r, const std::string& against, std::uint64_t seed) {
    std::vector<result> groups;  // one per point, in order of appearance
    for (auto& c : r.cells) {
        const auto same = [&](const result& g) { return g.cells.front().point == c.point; };
        auto group = std::find_if(groups.begin(), groups.end(), same);
        if (group == groups.end()) group = groups.emplace(groups.end());
        group->cells.push_back(std::move(c));
    }
    r.cells.clear();
    r.comparisons.clear();
    for (auto& g : groups) {
        finish(g, against, seed);
        r.comparisons.insert(r.comparisons.end(), g.comparisons.begin(), g.comparisons.end());
        for (auto& c : g.cells) r.cells.push_back(std::move(c));
    }
}

}  // namespace drainlab::report
