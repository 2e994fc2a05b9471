// What one run found out, as plain data. The real bench and the simulator fill the same structs; every format is
// written from them (drainlab.result/1). Names and units are those of the JSON keys.
#pragma once

#include "controller/measure/histogram.hpp"
#include "controller/result/facts.hpp"
#include "controller/result/strategy.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::report {

/// One unmount. Phases in ns after the call began.
struct umount_sample {
    std::uint64_t umount_ns = 0;
    std::optional<std::uint64_t> detached_ns, drain_begins_ns, drained_ns, dead_ns;
    std::uint64_t drain_calls = 0, drain_waited = 0, drain_ns = 0;
    std::uint64_t synchronize_ns = 0, barrier_ns = 0, flush_ns = 0;
    std::uint64_t modelled_ns = 0;
    std::optional<std::uint64_t> in_flight_at_entry;
    /// Where the gate makes unmounts wait: whether it did; false if it was stopped, debugged, frozen or killed.
    bool held = true;
};

/// Something that the model or the daemon traced.
struct traced_event {
    std::int64_t t_ns = 0;   ///< of the recording's clock: the monotonic one, or virtual time
    std::string name;        ///< drain_begins, inode_switch_wbs_queue, ...; runs and rests of a modelled CPU
    std::string mount;       ///< what it is about, or ""
    std::string task;        ///< who did it, or "" where that is not known
    std::optional<int> cpu;  ///< modelled
    std::vector<std::pair<std::string, std::int64_t>> values;
};

/// Which of `of` equal parts of a grid a run did.
struct shard_info {
    int number = 1, of = 1;
};

/// How the run was made.
struct run_info : run_facts {
    std::string mode = "real";  ///< real, sim, lab
    std::string profile;
    std::string workload;
    std::optional<std::string> umount;  ///< umount8, syscall
    int samples = 0;                    ///< asked for, per cell
    std::optional<std::string> accel;   ///< lab: icount, tcg, kvm
    std::string order = "interleaved";
    std::vector<std::string> warnings;  ///< said before it began: what the figures may suffer from
    std::optional<shard_info> shard;
    std::optional<std::uint64_t> grid_cells;  ///< how many cells the whole grid has, of which this run may be a part
};

/// A spread in a unit the owner names.
struct spread {
    double p50 = 0.0;
    std::optional<double> p95;  ///< null with fewer samples than a 95th percentile takes
    double max = 0.0;
};

/// The wall clock of the unmounts, ms. Quantiles that so few samples cannot tell are null: see measure::supports().
struct umount_figures {
    double p50 = 0.0;
    std::optional<double> p95, p99;
    double max = 0.0, min = 0.0, mean = 0.0;
    std::array<double, 2> p50_ci95{};
};

/// When each phase of an unmount was reached, ms after the call.
struct phase_figures {
    std::optional<spread> detached, drain_begins, drained, dead, returned;
};

/// Means over the calls that waited, ms.
struct wait_parts {
    double synchronize = 0.0, barrier = 0.0, flush = 0.0;
};

/// cgroup_writeback_umount() over all unmounts of a cell.
struct drain_figures {
    std::uint64_t calls = 0;
    std::uint64_t waited = 0;  ///< calls that found switches in flight and waited for them
    double total_ms = 0.0;
    double per_call_us = 0.0;
    std::optional<double> in_flight_mean;  ///< switches the policy saw in flight on entry
    std::optional<wait_parts> parts_ms;    ///< null when no call waited
};

/// The model's own lengths during the cell, ms; null where none happened.
struct rcu_figures {
    std::optional<spread> synchronize, barrier, expedited, switching;
};

/// Switches that were queued, by who asked for them (see kernel::producer).
struct producer_counts {
    std::uint64_t vote = 0, offline = 0, blkcg = 0;
};

/// Switches of the cell's cycles: works queued and done, and the inodes that they moved.
struct switch_figures {
    std::uint64_t queued = 0, done = 0, inodes = 0;
    producer_counts by_producer;
};

/// How late the daemon's loop ran, us.
struct lag_figures {
    double p50 = 0.0, p99 = 0.0, max = 0.0;
};

/// An invariant that did not hold: its name, and what was seen, in the kernel's words where it has any.
struct violation {
    std::string invariant;
    std::string message;
    std::optional<std::string> producer;
    std::optional<std::string> policy{};  ///< whose superblock it was; not printed: a cell has one policy
};

/// One scenario under one policy.
struct cell {
    std::string scenario;
    std::string title{};  ///< of the scenario, for people
    std::string policy;
    std::map<std::string, std::string> point;  ///< where in a sweep it lies: key and value; empty without a sweep
    std::optional<std::string> namespace_policy;
    std::string mounts = "drainfs";
    std::optional<std::string> kernel;       ///< lab: release and name
    std::optional<std::string> policy_seen;  ///< lab: from machine code
    std::uint64_t samples = 0;
    bool weak = false;  ///< the global policies mostly had nothing to wait for: comparisons are close to empty
    std::optional<umount_figures> umount_ms;  ///< null without a sample
    std::vector<std::uint64_t> umount_ns;
    std::vector<umount_sample> not_held;  ///< more unmounts, which the gate did not hold: in no figure
    std::vector<umount_sample> unmounts;  ///< the same unmounts with all that is known of each; empty in older results
    phase_figures phases_ms;
    drain_figures drain;
    rcu_figures rcu_ms;
    switch_figures switches;
    std::optional<double> modelled_p50_ms;  ///< wall time in waits whose length follows from the profile
    std::optional<lag_figures> loop_lag_us;
    std::uint64_t guessed_bytes = 0;
    std::uint64_t unknown_caller = 0;
    std::vector<violation> violations;
    std::vector<std::string> observations;
    std::optional<strategy_figures> strategy;  ///< bench --strategy
    std::vector<traced_event> events;          ///< of the model or the daemon, in order; recorded with --events
    std::optional<std::uint64_t> place;        ///< its number in the grid of a simulation, shards included
    /// What the spreads above were read off, in ns: phases, rcu, modelled. Results are merged by these.
    std::map<std::string, measure::histogram> histograms;
};

/// lab --profile-out: what a guest measured of its own machine; the names are those of guest::cause_keys().
struct guest_figures {
    std::string policy;  ///< its row, as cells name it
    std::string kernel;  ///< release
    std::map<std::string, std::uint64_t> figures;
};

/// A policy beside the one that a run compares with, in one scenario.
struct comparison {
    std::string scenario;
    std::string policy;
    std::string against;
    double p50_ratio = 0.0;  ///< p50(policy) / p50(against)
    std::array<double, 2> ci95{};
    std::map<std::string, std::string> point{};
};

/// All that a run found out.
struct result {
    bool complete = true;
    tool_info tool;
    environment_info environment;
    run_info run;
    std::vector<cell> cells;
    std::vector<comparison> comparisons;
    std::vector<guest_figures> guests;
};

/// The cell of a scenario and policy; null when the run has none.
const cell* find_cell(const result& r, const std::string& scenario, const std::string& policy);

/// Whether two cells, perhaps of two results, are about the
/// same: scenario, policies, mounts, point of a sweep, strategy.
bool same_cell(const cell& a, const cell& b);

/// Whether the cell is about a drain policy: drainfs, or a kernel of the lab; not tmpfs or ext4 of the running kernel
/// for comparison.
bool has_policy(const cell& c);

/// Whether the policy's umount waits for switches of other superblocks too (base, race, rmbarrier, flush, ...).
bool is_global(const std::string& policy);

/// The order in which policies are shown: as the kernel got them, then by name.
bool shown_before(const std::string& a, const std::string& b);

}  // namespace drainlab::report
