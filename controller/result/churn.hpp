// What `churn` counted and timed.
#pragma once

#include "controller/measure/histogram.hpp"
#include "controller/result/facts.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::report {

/// One way to unmount: umount, lazy, force.
struct churn_action {
    std::string name;
    std::uint64_t cycles = 0, held = 0, busy = 0;
    std::optional<double> p50_ms, p95_ms, p99_ms, max_ms;
    std::optional<measure::histogram> histogram;  ///< of all calls, ns; missing where a file has none
};

/// One unmount, ns: when it was called after the beginning, how
/// long the call took, and when the superblock was seen dead.
struct churn_unmount {
    std::string action;
    std::uint64_t at_ns = 0, took_ns = 0;
    std::optional<std::uint64_t> dead_ns;  ///< after the call; nothing where nobody waited for it
};

/// Superblocks that lived though their name was gone, seen every `every_ms`.
struct churn_backlog {
    double every_ms = 0;
    std::vector<std::uint64_t> max;
};

/// One churn over mounts of one kind: how fast it went, what it did to them, what was wrong.
struct churn_outcome {
    std::string mounts;  ///< drainfs, tmpfs
    double elapsed_s = 0, per_s = 0;
    std::optional<std::array<double, 2>> per_s_ci95;
    std::uint64_t cycles = 0;
    std::vector<churn_action> actions;
    std::uint64_t holders_killed = 0, daemon_kills = 0, interrupted_cycles = 0, passers_by = 0, names_taken = 0,
                  bytes_verified = 0;
    std::vector<std::string> violations;
    std::uint64_t one_in = 1;             ///< of so many unmounts, one is in the list
    std::vector<churn_unmount> unmounts;  ///< empty in older documents
    std::optional<churn_backlog> backlog;
};

using counted = std::vector<std::pair<std::string, std::uint64_t>>;

/// A churn, and the same churn over tmpfs where `--compare` asked for it.
struct churn_document {
    std::optional<facts> made;
    churn_outcome ours;
    std::optional<churn_outcome> compared;
    bool complete = true;
    std::uint64_t seed = 0, at_once = 0;
    counted mix;   ///< weights of the actions
    counted left;  ///< mounts, descriptors, ...: what was there at the end
};

/// drainlab.churn/1, indented, with a newline at the end.
std::string to_json(const churn_document& d);

}  // namespace drainlab::report
