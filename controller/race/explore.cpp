#include "controller/race/explore.hpp"

#include <chrono>

namespace drainlab::race {

namespace {

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point t) { return std::chrono::duration<double>(clock::now() - t).count(); }

class searcher {
  public:
    searcher(const world_spec& world, const kernel::drain_policy& policy, const search_options& options)
        : world_{world}, policy_{policy}, options_{options} {}

    search_result run() {
        int bound = options_.preemptions < 0 ? -1 : 0;
        sched::depth_first choices;
        if (options_.resume_from) {
            result_.state = *options_.resume_from;
            before_ = result_.state.seconds;
            points_before_ = result_.state.choice_points;
            schedules_before_ = result_.state.schedules;
            bound = result_.state.bound;
            result_.exhausted = result_.state.finished;
            if (result_.exhausted) return std::move(result_);
            choices.resume(result_.state.branches);
        }
        for (;; ++bound) {
            const bool done = one_bound(bound, choices);
            points_before_ += choices.choice_points();
            result_.state.choice_points = points_before_;
            if (!done) break;
            if (bound == options_.preemptions) {
                result_.exhausted = result_.state.finished = true;
                result_.state.branches.clear();
                break;
            }
            choices = {};
        }
        result_.state.seconds = before_ + seconds_since(began_);
        return std::move(result_);
    }

    search_result walk(sched::recording_decider& choices) {
        result_.state.bound = options_.preemptions;
        do {
            choices.begin();
            const run_result r = once(choices, options_.preemptions);
            note(r, [&] { return choices.taken(options_.preemptions); });
        } while (!over(nullptr));
        result_.state.seconds = seconds_since(began_);
        return std::move(result_);
    }

  private:
    run_result once(sched::decider& choices, int bound) const {
        return world_run{world_, policy_, choices, {.preemptions = bound, .timers = world_.timers}}.run();
    }

    /// True if the tree of this bound is done.
    bool one_bound(int bound, sched::depth_first& choices) {
        result_.state.bound = bound;
        for (;;) {
            const run_result r = once(choices, bound);
            note(r, [&] { return choices.taken(bound); });
            verify(r, choices, bound);
            if (!choices.next()) return !found();
            if (over(&choices)) return false;
        }
    }

    template <class Taken>
    void note(const run_result& r, Taken taken) {
        ++result_.state.schedules;
        result_.state.tasks = std::max(result_.state.tasks, r.tasks);
        for (std::size_t w = 0; w < all_windows.size(); ++w) {
            if (!r.reached[w]) continue;
            ++result_.state.reached[w];
            if (!result_.window_example[w]) result_.window_example[w] = taken();
        }
        if (r.findings.empty()) return;
        ++result_.state.violating;
        if (result_.counterexample) return;
        result_.counterexample = taken();
        result_.findings = r.findings;
    }

    void verify(const run_result& r, const sched::depth_first& choices, int bound) {
        if (options_.verify_every == 0 || result_.state.schedules % options_.verify_every != 0) return;
        sched::replay again{choices.taken(bound)};
        const run_result second = once(again, bound);
        if (second.trace_hash != r.trace_hash || second.steps != r.steps || second.findings.size() != r.findings.size())
            throw sched::nondeterminism{"schedule " + sched::to_string(choices.taken(bound)) + " of world " +
                                        world_.name + " ran differently the second time"};
        ++result_.state.verified;
    }

    bool found() const {
        if (options_.stop_at) return result_.state.reached[static_cast<std::size_t>(*options_.stop_at)] > 0;
        return options_.stop_at_first && result_.counterexample;
    }

    bool over(const sched::depth_first* choices) {
        if (found()) return true;
        if (result_.state.schedules - schedules_before_ >= options_.max_schedules) return snapshot(choices), true;
        if (result_.state.schedules % 256 != 0) return false;
        const double now = seconds_since(began_);
        if (now >= options_.max_seconds) return snapshot(choices), true;
        if (!options_.on_progress || now - told_ < 0.5) return false;
        told_ = now;
        snapshot(choices);
        return result_.interrupted = !options_.on_progress(result_.state);
    }

    void snapshot(const sched::depth_first* choices) {
        result_.state.seconds = before_ + seconds_since(began_);
        if (!choices) return;
        result_.state.explored = choices->explored();
        result_.state.branches = choices->branches();
        result_.state.choice_points = points_before_ + choices->choice_points();
    }

    const world_spec& world_;
    const kernel::drain_policy& policy_;
    const search_options& options_;
    search_result result_;
    clock::time_point began_{clock::now()};
    double before_{}, told_{};
    std::uint64_t points_before_{}, schedules_before_{};
};

/// Counts changes between fibers: what makes a story long.
class change_counter final : public run_listener {
  public:
    void runs(const sched::fiber& f) override {
        changes += f.id != last_;
        last_ = f.id;
    }
    void passes(const sched::fiber&, sched::point, bool) override {}
    void traced(const kernel::trace_event&) override {}
    void violated(const kernel::violation&) override {}
    std::uint64_t changes{};

  private:
    std::uint32_t last_{};
};

}  // namespace

std::string_view to_string(verdict v) noexcept {
    switch (v) {
        case verdict::safe: return "safe";
        case verdict::violates: return "violates";
        case verdict::vacuous: return "vacuous";
        case verdict::inconclusive: return "inconclusive";
    }
    return "?";
}

search_result search(const world_spec& world, const kernel::drain_policy& policy, const search_options& options) {
    searcher s{world, policy, options};
    if (options.mode == search_mode::exhaustive) return s.run();
    if (options.mode == search_mode::random) {
        sched::random_walk choices{options.seed};
        return s.walk(choices);
    }
    sched::pct choices{options.seed};
    return s.walk(choices);
}

run_result run_schedule(const world_spec& world, const kernel::drain_policy& policy, const sched::schedule& s,
                        run_listener* listener) {
    sched::replay choices{s};
    world_run run{world, policy, choices, {.preemptions = s.preemptions, .timers = world.timers}};
    if (listener) run.listen(*listener);
    run_result r = run.run();
    if (!choices.used_up())
        throw sched::nondeterminism{
            "the run ended before the schedule did: the schedule is of another world, policy or version"};
    return r;
}

sched::schedule minimise(const world_spec& world, const kernel::drain_policy& policy, const sched::schedule& found,
                         const std::string& invariant, std::uint64_t most) {
    sched::schedule best = found;
    auto best_size = std::pair{UINT64_MAX, UINT64_MAX};
    sched::depth_first choices;
    for (std::uint64_t n = 0; n < most; ++n) {
        world_run run{world, policy, choices, {.preemptions = found.preemptions, .timers = world.timers}};
        change_counter changes;
        run.listen(changes);
        const run_result r = run.run();
        const std::pair size{changes.changes, r.steps};
        if (!r.findings.empty() && r.findings.front().invariant == invariant && size < best_size) {
            best_size = size;
            best = choices.taken(found.preemptions);
        }
        if (!choices.next()) break;
    }
    return best;
}

}  // namespace drainlab::race
