// Probes of RCU itself, in a tracing instance of its own: counts of callbacks and grace periods, lengths of their work.
#pragma once

#include "workloads/guest/causes.hpp"

namespace drainlab::guest {

class channel;

/// Enabled from begin() to end() only: outside they cost nothing.
class rcu_probes {
  public:
    explicit rcu_probes(channel& out);
    void begin();
    struct seen {
        counted counts;  ///< generations: 0
        trace_text trace;
    };
    seen end();
    /// Whether callbacks can be counted here.
    bool counts_callbacks() const { return !queued_.empty(); }

  private:
    std::int64_t hits(const std::string& event) const;
    channel& out_;
    std::string queued_;  ///< the event, empty: none
    std::int64_t begun_at_ = 0, callbacks_ = 0, grace_periods_ = 0;
};

}  // namespace drainlab::guest
