#include "controller/race/explore.hpp"

#include "controller/race/coverage.hpp"
#include "controller/race/subtrees.hpp"
#include "controller/race/witness.hpp"

#include <chrono>

namespace drainlab::race {

namespace {

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point t) { return std::chrono::duration<double>(clock::now() - t).count(); }

class searcher {
  public:
    searcher(const world_spec& world, const subject& under, const search_options& options)
        : world_{world}, under_{under}, options_{options} {}

    search_result run() {
        int bound = options_.preemptions < 0 ? -1 : 0;
        sched::depth_first choices;
        if (options_.resume_from) {
            result_.state = *options_.resume_from;
            bound = result_.state.bound;
            result_.exhausted = result_.state.finished;
            if (result_.exhausted) return std::move(result_);
            choices.resume(result_.state.branches);
        }
        for (;; ++bound) {
            if (!one_bound(bound, std::move(choices))) break;
            if (bound == options_.preemptions) {
                result_.exhausted = result_.state.finished = true;
                result_.state.branches.clear();
                break;
            }
            choices = {};
        }
        result_.state.seconds = seconds();
        return std::move(result_);
    }

    search_result walk(sched::recording_decider& choices) {
        const int bound = result_.state.bound = options_.preemptions;
        tally seen;
        do {
            choices.begin();
            seen.add(once(choices, bound), [&] { return choices.taken(bound); });
            if (seen.schedules % 256 == 0 && seconds() >= options_.max_seconds) break;
            if (seen.schedules % 4096 == 0 && options_.on_progress) {
                result_.interrupted = !options_.on_progress(state_with(seen, nullptr));
                if (result_.interrupted) break;
            }
        } while (!found(seen) && seen.schedules < options_.max_schedules);
        take(seen);
        result_.state.seconds = seconds();
        return std::move(result_);
    }

  private:
    run_result once(sched::decider& choices, int bound) const {
        world_run run{world_, under_, choices, options_of(world_, bound)};
        if (!options_.visited) return run.run();
        coverage_listener listener{*options_.visited};
        run.listen(listener);
        return run.run();
    }

    /// True if the tree of this bound is done.
    bool one_bound(int bound, sched::depth_first choices) {
        result_.state.bound = bound;
        const bool limited = options_.max_schedules != UINT64_MAX;
        subtree_work work;
        work.run_one = [&](sched::depth_first& c, tally& seen) {
            const run_result r = once(c, bound);
            seen.add(r, [&] { return c.taken(bound); });
            verify(r, c, bound, seen);
        };
        work.found = [&](const tally& seen) { return found(seen); };
        work.go_on = [&](const tally& seen, const sched::depth_first& left) {
            if (!options_.on_progress) return true;
            return !(result_.interrupted = !options_.on_progress(state_with(seen, &left)));
        };
        if (limited) work.most = options_.max_schedules - std::min(options_.max_schedules, done_here_);
        if (options_.max_seconds < 1e8)
            work.deadline = began_ + std::chrono::duration_cast<clock::duration>(
                                         std::chrono::duration<double>(options_.max_seconds));
        const subtree_result r = search_subtrees(std::move(choices), work, limited ? nullptr : options_.helpers);
        done_here_ += r.sum.schedules;
        if (!r.finished) {
            result_.state.explored = r.left.explored();
            result_.state.branches = r.left.branches();
        }
        take(r.sum);
        return r.finished;
    }

    /// A schedule that is due runs twice. Which ones are does not depend on the order in which threads come to them.
    void verify(const run_result& r, const sched::depth_first& choices, int bound, tally& seen) const {
        if (options_.verify_every == 0 || r.trace_hash % options_.verify_every != 0) return;
        sched::replay again{choices.taken(bound)};
        const run_result second = once(again, bound);
        if (second.trace_hash != r.trace_hash || second.steps != r.steps || second.findings.size() != r.findings.size())
            throw sched::nondeterminism{"schedule " + sched::to_string(choices.taken(bound)) + " of world " +
                                        world_.name + " ran differently the second time"};
        ++seen.verified;
    }

    bool found(const tally& seen) const {
        if (options_.stop_at) return seen.reached[index_of(*options_.stop_at)] > 0;
        return options_.stop_at_first && seen.counterexample;
    }

    double seconds() const {
        return (options_.resume_from ? options_.resume_from->seconds : 0) + seconds_since(began_);
    }

    /// Where the search is, `seen` of the present bound included.
    search_state state_with(const tally& seen, const sched::depth_first* left) const {
        search_state s = result_.state;
        s.schedules += seen.schedules;
        s.choice_points += seen.choice_points;
        s.violating += seen.violating;
        s.verified += seen.verified;
        s.tasks = std::max(s.tasks, seen.tasks);
        for (std::size_t w = 0; w < window_count; ++w) s.reached[w] += seen.reached[w];
        s.seconds = seconds();
        if (!left) return s;
        s.explored = left->explored();
        s.branches = left->branches();
        return s;
    }

    void take(const tally& seen) {
        result_.state = state_with(seen, nullptr);
        for (std::size_t w = 0; w < window_count; ++w)
            if (!result_.window_example[w]) result_.window_example[w] = seen.window_example[w];
        if (result_.counterexample || !seen.counterexample) return;
        result_.counterexample = seen.counterexample;
        result_.findings = seen.findings;
    }

    const world_spec& world_;
    const subject& under_;
    const search_options& options_;
    search_result result_;
    clock::time_point began_{clock::now()};
    std::uint64_t done_here_{};  // schedules of earlier bounds, in this call
};

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
    sched::fiber_id last_{};
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

search_result search(const world_spec& world, const subject& under, const search_options& options) {
    searcher s{world, under, options};
    if (options.mode == search_mode::exhaustive) return s.run();
    if (options.mode == search_mode::random) {
        sched::random_walk choices{options.seed};
        return s.walk(choices);
    }
    sched::pct choices{options.seed};
    return s.walk(choices);
}

run_result run_schedule(const world_spec& world, const subject& under, const sched::schedule& s,
                        run_listener* listener) {
    sched::replay choices{s};
    world_run run{world, under, choices, options_of(world, s.preemptions)};
    if (listener) run.listen(*listener);
    run_result r = run.run();
    if (!choices.used_up())
        throw sched::nondeterminism{
            "the run ended before the schedule did: the schedule is of another world, policy or version"};
    return r;
}

sched::schedule minimise(const world_spec& world, const subject& under, const sched::schedule& found,
                         const std::string& invariant, std::uint64_t most) {
    sched::schedule best = found;
    auto best_size = std::pair{UINT64_MAX, UINT64_MAX};
    sched::depth_first choices;
    for (std::uint64_t n = 0; n < most; ++n) {
        world_run run{world, under, choices, options_of(world, found.preemptions)};
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

std::optional<witness> find_witness(const world_spec& world, const subject& under, window which, int bound,
                                    std::uint64_t most) {
    for (int preemptions = 0; preemptions <= (bound < 0 ? 4 : bound); ++preemptions) {
        std::optional<sched::schedule> best;
        auto best_size = std::pair{UINT64_MAX, UINT64_MAX};
        sched::depth_first choices;
        for (std::uint64_t n = 0; n < most; ++n) {
            world_run run{world, under, choices, options_of(world, preemptions)};
            change_counter changes;
            run.listen(changes);
            const run_result r = run.run();
            const std::pair size{changes.changes, r.steps};
            if (r.findings.empty() && r.reached[index_of(which)] && size < best_size) {
                best_size = size;
                best = choices.taken(preemptions);
            }
            if (!choices.next()) break;
        }
        if (best) return witness{under, world.name, *best, tell(world, under, *best)};
    }
    return {};
}

}  // namespace drainlab::race
