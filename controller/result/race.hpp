// What `race` found out.
#pragma once

#include "controller/result/facts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::report {

/// A row of a schedule's story: who runs, what each side does then, what has changed.
struct race_step {
    std::string task, umount, switcher, state;
};

/// A named situation: how many schedules reached it, or what makes that impossible and how soon they do without.
struct race_window {
    std::string name, excluded_by;
    std::uint64_t reached = 0;
    std::uint64_t control_schedules = 0;
    std::string control_schedule;
};

/// A schedule that breaks an invariant (`race --schedule` takes it).
struct race_example {
    std::vector<race_step> story;
    std::string schedule, invariant, message;
};

/// One world under one policy.
struct race_search {
    std::optional<std::string> policy, namespace_policy;
    std::string world, verdict;  ///< safe, violates, vacuous, inconclusive
    bool exhausted = false;
    std::optional<std::uint64_t> preemptions;  ///< nothing: no bound
    std::uint64_t schedules = 0, tasks = 0, choice_points = 0;
    double seconds = 0;
    std::vector<race_window> windows;
    std::optional<race_example> counterexample;

    /// "persb", "persb + on_demand"
    std::string name() const;
};

/// A `race` over worlds and policies.
struct race_document {
    std::optional<facts> made;
    std::vector<race_search> searches;
};

/// A broken policy: by which invariant in which world it was found, after how many schedules.
struct mutant_result {
    std::string policy, mutant;
    bool killed = false;
    std::optional<std::string> invariant, world, message;
    std::uint64_t schedules = 0;
};

/// A `race --mutants`.
struct mutants_document {
    std::optional<facts> made;
    std::vector<mutant_result> mutants;
};

/// drainlab.race/1, indented, with a newline at the end.
std::string to_json(const race_document& d);
/// drainlab.mutants/1, likewise.
std::string to_json(const mutants_document& d);

}  // namespace drainlab::report
