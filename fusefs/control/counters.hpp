// COUNTERS of docs/api.md: since the start, and since the last take.
#pragma once
#include "fusefs/control/loop_lag.hpp"
#include "fusefs/kernel/host.hpp"

#include <cstdint>
#include <vector>

namespace drainlab::control {

class served_mounts;

/// How many samples of each kind there were.
struct sample_counts {
    std::uint64_t synchronize{}, barrier{}, expedited{}, switches{};
};

/// Totals; everything but isw_nr_in_flight, memcgs and wbs is "since". The samples themselves
/// come with a take alone, so that whoever polls the totals costs the loop nothing.
struct counters {
    std::int64_t since_ns{};
    std::int64_t isw_nr_in_flight{};
    kernel::switch_stats switches;
    kernel::drain_stats drain;
    std::vector<kernel::violation> violations;
    sample_counts samples;
    kernel::rcu_samples rcu;
    std::vector<std::int64_t> switch_ns;
    std::uint64_t grace_periods{}, writeback_rounds{}, requests{}, guessed_bytes{}, unknown_caller{};
    lag_summary loop_lag;
    std::uint64_t memcgs_online{}, memcgs_dying{}, wbs{};
};

/// Thread: the loop's. The host's and the RCU engine's samples are taken by this object alone.
class counter_book {
  public:
    counter_book(kernel::host& host, const served_mounts& mounts, loop_lag& lag);
    counters since_start();
    /// Since the last take (or start); starts anew.
    counters take();

  private:
    counters totals() const;
    void collect_samples();

    kernel::host& host_;
    const served_mounts& mounts_;
    loop_lag& lag_;
    std::int64_t started_ns_{}, taken_ns_{};
    counters base_;  ///< the totals at the last take
    sample_counts counted_;
    kernel::rcu_samples new_rcu_;
    std::vector<std::int64_t> new_switches_;
};

}  // namespace drainlab::control
