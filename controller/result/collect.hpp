// From single unmounts to a cell: the only place where figures are computed.
#pragma once

#include "controller/measure/histogram.hpp"
#include "controller/result/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::report {

/// What one cycle brought: its unmounts, and what the daemon counted meanwhile.
struct cycle_sample {
    std::vector<umount_sample> umounts;
    switch_figures switches;
    std::vector<std::uint64_t> synchronize_ns, barrier_ns, expedited_ns, switch_ns;
    std::optional<lag_figures> loop_lag_us;
    std::uint64_t guessed_bytes = 0, unknown_caller = 0;
    std::vector<violation> violations;
    std::vector<std::string> observations;
    std::vector<traced_event> events;  ///< recorded, in order
};

/// Recorded events that a cell keeps; those after them are dropped, and an observation says so.
inline constexpr std::size_t most_events = 20'000;

/// Gathers the cycles of one cell.
class collector {
  public:
    collector(std::string scenario, std::string policy, std::string mounts = "drainfs");

    void add(const cycle_sample& cycle);
    /// Of a cycle that is no sample: its unmounts that were not held. They are shown, and are in no figure.
    void keep_not_held(const cycle_sample& cycle);
    /// The unmounts so far, ns.
    std::vector<std::uint64_t> umount_ns() const;
    std::size_t samples() const noexcept { return umounts_.size(); }
    /// The cell as far as it has come. `weak` is still open: see finish().
    cell make() const;

  private:
    std::map<std::string, measure::histogram> histograms() const;

    cell base_;
    std::vector<umount_sample> umounts_;
    measure::histogram synchronize_, barrier_, expedited_, switching_;
    std::vector<lag_figures> lags_;
};

/// Adds the samples of `more`, another run of the same cell. The unmounts' figures come from all samples, the spreads
/// of phases
/// and RCU from the merged histograms.
void merge_cell(cell& into, const cell& more);

/// Fills in what needs several cells: `weak` per scenario, and the comparison of every policy with `against` in
/// scenarios that have it. `seed` seeds the intervals. Sorts cells by policy within a scenario, in the order given.
void finish(result& r, const std::string& against, std::uint64_t seed);

/// The share of calls that must have found switches in flight, over the global policies, for a cell not to be weak.
inline constexpr double weak_below = 0.9;

}  // namespace drainlab::report
