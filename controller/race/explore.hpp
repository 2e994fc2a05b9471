// Searching one world under one policy.
#pragma once
#include "controller/race/world.hpp"
#include "fusefs/sched/search.hpp"

#include <functional>
#include <optional>

namespace drainlab::race {

enum class search_mode : std::uint8_t { exhaustive, random, pct };
enum class verdict : std::uint8_t { safe, violates, vacuous, inconclusive };
/// The word in documents: safe, violates, vacuous, inconclusive.
std::string_view to_string(verdict v) noexcept;

/// Where a search is: what a checkpoint holds and progress tells.
struct search_state {
    int bound{};                ///< of preemptions, now being searched; negative: none
    bool finished{};            ///< nothing is left to search
    std::uint64_t schedules{};  ///< of all bounds
    std::uint64_t choice_points{};
    double explored{};  ///< of this bound's tree, an estimate
    double seconds{};
    by_window<std::uint64_t> reached{};  ///< schedules, by window
    std::uint32_t tasks{};               ///< the most fibers of one run
    std::uint64_t violating{};           ///< schedules that violated
    std::uint64_t verified{};            ///< schedules that ran twice
    std::vector<sched::depth_first::branch> branches;
};

struct crew;
class coverage;

/// How far a search goes, and when it gives up.
struct search_options {
    int preemptions{2};  ///< negative: no bound
    search_mode mode{search_mode::exhaustive};
    std::uint64_t seed{1};                    ///< random, pct
    std::uint64_t max_schedules{UINT64_MAX};  ///< of this search, not counting those before `resume_from`
    double max_seconds{1e9};
    std::uint64_t verify_every{};   ///< run every n-th schedule twice and compare the traces; 0: never
    bool stop_at_first{true};       ///< at the first violation
    std::optional<window> stop_at;  ///< at the first schedule that reaches this window; violations do not stop it then
    std::optional<search_state> resume_from;
    coverage* visited{};  ///< what all runs visit goes there
    crew* helpers{};      ///< threads that may help; the result is that of one thread. Not with `max_schedules`
    /// About once a second. False: stop here (interrupted); the state is what a checkpoint needs.
    std::function<bool(const search_state&)> on_progress;
};

/// What a search saw.
struct search_result {
    bool exhausted{};  ///< every schedule within the bound was run
    bool interrupted{};
    search_state state;
    std::optional<sched::schedule> counterexample;             ///< the first
    std::vector<finding> findings;                             ///< what it violated
    by_window<std::optional<sched::schedule>> window_example;  ///< the first schedule that reached each window
};

/// Runs every schedule with up to `options.preemptions` preemptions. Bounds are searched from 0 up, so that the first
/// counterexample has the fewest preemptions. Throws sched::nondeterminism if a run does not repeat.
search_result search(const world_spec& world, const subject& under, const search_options& options);

/// Runs one schedule. Throws sched::nondeterminism if it does not fit.
run_result run_schedule(const world_spec& world, const subject& under, const sched::schedule& s,
                        run_listener* listener = nullptr);

/// The counterexample that is easiest to tell: fewest preemptions (given), then fewest
/// changes between tasks, then fewest steps. Looks at no more than `most` schedules.
sched::schedule minimise(const world_spec& world, const subject& under, const sched::schedule& found,
                         const std::string& invariant, std::uint64_t most = 200'000);

}  // namespace drainlab::race
