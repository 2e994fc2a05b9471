// COUNTERS of docs/api.md: since the start, and since the last take.
#pragma once
#include "fusefs/control/loop_lag.hpp"
#include "fusefs/kernel/host.hpp"

#include <cstdint>
#include <vector>

namespace drainlab::control {

class mount_table;

/// Samples and totals; everything but isw_nr_in_flight, memcgs and wbs is "since".
struct counters {
    std::int64_t since_ns{};
    std::int64_t isw_nr_in_flight{};
    kernel::switch_stats switches;
    kernel::drain_stats drain;
    std::vector<kernel::violation> violations;
    kernel::rcu_samples rcu;
    std::vector<std::int64_t> switch_ns;
    std::uint64_t grace_periods{}, writeback_rounds{}, requests{}, guessed_bytes{}, unknown_caller{};
    lag_summary loop_lag;
    std::uint64_t memcgs_online{}, memcgs_dying{}, wbs{};
};

/// Thread: the loop's. The host's and the RCU engine's samples are taken by this object alone.
class counter_book {
  public:
    counter_book(kernel::host& host, const mount_table& mounts, loop_lag& lag);
    counters since_start();
    /// Since the last take (or start); starts anew.
    counters take();

  private:
    counters totals() const;
    void collect_samples();

    kernel::host& host_;
    const mount_table& mounts_;
    loop_lag& lag_;
    std::int64_t started_ns_{}, taken_ns_{};
    counters base_;  ///< the totals at the last take
    kernel::rcu_samples all_rcu_, new_rcu_;
    std::vector<std::int64_t> all_switches_, new_switches_;
};

}  // namespace drainlab::control
