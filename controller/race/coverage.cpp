#include "controller/race/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

namespace drainlab::race {

namespace {

/// Names are literals: a thread knows an address again.
class register_of_names {
  public:
    std::size_t number(std::string_view name) {
        const std::lock_guard held{mutex_};
        const auto at = std::find(names_.begin(), names_.end(), name);
        if (at != names_.end()) return static_cast<std::size_t>(at - names_.begin());
        DRAINLAB_CHECK(names_.size() < coverage::limit);
        names_.emplace_back(name);
        return names_.size() - 1;
    }
    std::vector<std::string> names() {
        const std::lock_guard held{mutex_};
        return names_;
    }

  private:
    std::mutex mutex_;
    std::vector<std::string> names_;
};

/// All that the model can tell, so that what never happened is named as well.
constexpr std::string_view model_points[] = {"smp_mb",       "isw_prepared", "isw_before_queue",   "isw_uncounted",
                                             "isw_pinned",   "isw_tested",   "isw_counted",        "isw_put",
                                             "sb_inactive",  "drain_step",   "evict_begins",       "walk_step",
                                             "mntput_seen",  "mnt_counts",   "legitimize_checked", "umount_decided",
                                             "mnt_unhashed", "file_in_use",  "walker_counted",     "mount_looked_up"};
constexpr std::string_view model_events[] = {"isw_prepared",
                                             "isw_backs_out",
                                             "inode_switch_wbs_queue",
                                             "inode_switch_wbs",
                                             "wb_memcg_offline",
                                             "wb_released",
                                             "flusher_turn",
                                             "sb_inactive",
                                             "drain_begins",
                                             "drained",
                                             "drain_synchronize_rcu",
                                             "drain_rcu_barrier",
                                             "drain_flush_isw_wq",
                                             "drain_wait_var_event",
                                             "dead",
                                             "walk_enters",
                                             "legitimized",
                                             "legitimize_too_late",
                                             "legitimize_fails",
                                             "mntput_begins",
                                             "mntput",
                                             "mntput_last",
                                             "umount_counts",
                                             "umount_busy",
                                             "mnt_unhashed",
                                             "grace_period_begins",
                                             "grace_period_ends",
                                             "without_grace_period",
                                             "deferred",
                                             "walkers_waited_for",
                                             "put_task_work",
                                             "put_delayed",
                                             "cleanup_mnt",
                                             "mounted",
                                             "mount_refused",
                                             "umount_returns"};

/// What no world can show: it is not in the model, or not a choice of the search.
constexpr std::string_view unexplored[] = {
    "interrupts, memory pressure, errors of the store",
    "slaves and automounts in the namespace, put_direct (kern_unmount)",
    "loads that overtake loads; sleeping locks whose release is less than a full barrier",
    "the steps inside the timed RCU engine: a test holds its traces against the untimed one, both ways (unit_kernel, "
    "[refinement])",
    "the order of what is left when all tasks of a world are over"};

register_of_names& points() {
    static register_of_names all;
    return all;
}
register_of_names& events() {
    static register_of_names all;
    return all;
}

std::size_t cached(register_of_names& all, std::unordered_map<const char*, std::size_t>& known, std::string_view name) {
    const auto [at, fresh] = known.try_emplace(name.data(), 0);
    if (fresh) at->second = all.number(name);
    return at->second;
}

void set(std::atomic<bool>& bit) {
    if (!bit.load(std::memory_order_relaxed)) bit.store(true, std::memory_order_relaxed);
}

/// In the order of names, not of first sight: that depends on threads.
std::map<std::string, std::size_t> sorted(register_of_names& all) {
    std::map<std::string, std::size_t> order;
    for (const auto& name : all.names()) order.emplace(name, order.size());
    return order;
}

template <std::size_t N>
std::vector<std::string> never(const std::string_view (&known)[N], register_of_names& all,
                               const std::array<std::atomic<bool>, coverage::limit>& visited) {
    std::vector<std::string> missing;
    for (const std::string_view name : known)
        if (!visited[all.number(name)]) missing.emplace_back(name);
    return missing;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& w : words) text += (text.empty() ? "" : ", ") + w;
    return text.empty() ? "none" : text;
}

}  // namespace

std::size_t coverage::number_of_point(std::string_view name) {
    thread_local std::unordered_map<const char*, std::size_t> known;
    return cached(points(), known, name);
}
std::size_t coverage::number_of_event(std::string_view name) {
    thread_local std::unordered_map<const char*, std::size_t> known;
    return cached(events(), known, name);
}

void coverage::passed(std::size_t point, bool preempted) {
    set(passed_[point]);
    if (preempted) set(preempted_[point]);
}
void coverage::overtook(std::size_t point, std::size_t event) { set(pairs_[point][event]); }
void coverage::happened(std::size_t event) { set(happened_[event]); }

std::string coverage::as_text(const by_window<std::uint64_t>& reached) const {
    std::vector<std::string> never_preempted, windows, missed;
    std::size_t points_seen = 0, held = 0, events_seen = 0, met = 0, possible = 0;
    for (const auto& [point, p] : sorted(points())) {
        if (!passed_[p]) continue;
        ++points_seen;
        held += preempted_[p];
        if (!preempted_[p]) {
            never_preempted.push_back(point);
            continue;
        }
        std::vector<std::string> without;
        for (const auto& [event, e] : sorted(events())) {
            if (!happened_[e]) continue;
            ++possible;
            met += pairs_[p][e];
            if (!pairs_[p][e]) without.push_back(event);
        }
        if (!without.empty()) missed.push_back(fmt::format("    held at {}: {}", point, joined(without)));
    }
    for (const auto& [event, e] : sorted(events())) events_seen += happened_[e];
    for (std::size_t w = 0; w < window_count; ++w)
        if (reached[w] == 0) windows.emplace_back(all_windows()[w].name);
    std::string text =
        fmt::format("coverage: {} points passed, a task was preempted at {}; {} events; {} of {} pairs\n", points_seen,
                    held, events_seen, met, possible);
    text += "  points never passed: " + joined(never(model_points, points(), passed_)) + "\n";
    text += "  events that never happened: " + joined(never(model_events, events(), happened_)) + "\n";
    text += "  never preempted at: " + joined(never_preempted) + "\n";
    text += "  windows not reached: " + joined(windows) + "\n";
    text += "  events that never came while a task was held at a point:\n";
    for (const auto& line : missed) text += line + "\n";
    text += "  outside of every world:\n";
    for (const auto what : unexplored) text += "    " + std::string{what} + "\n";
    return text;
}

void coverage_listener::runs(const sched::fiber& f) {
    running_ = f.id;
    std::erase_if(held_, [&](const held& h) { return h.fiber == f.id; });
}

void coverage_listener::passes(const sched::fiber& f, sched::point at, bool preempted) {
    const std::size_t point = coverage::number_of_point(at.name);
    into_.passed(point, preempted);
    if (preempted) held_.push_back({f.id, point});
}

void coverage_listener::traced(const kernel::trace_event& e) {
    const std::size_t event = coverage::number_of_event(e.name);
    into_.happened(event);
    for (const held& h : held_)
        if (h.fiber != running_) into_.overtook(h.point, event);
}

}  // namespace drainlab::race
