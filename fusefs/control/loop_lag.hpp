// How late the loop thread is: results carry it, so that a slow machine cannot pass for a slow unmount.
#pragma once
#include "fusefs/control/histogram.hpp"

#include <memory>

namespace boost::asio {
class io_context;
}

namespace drainlab::control {

/// Quantiles of latenesses in microseconds; 0 if none was measured.
struct lag_summary {
    double p50_us{}, p99_us{}, max_us{};
};

/// Of latenesses, in buckets an eighth of an octave wide, up to 39 hours.
using lag_histogram = histogram<8, 8, 44>;
/// 0 of nothing.
lag_summary summary_of(const lag_histogram& h) noexcept;

/// Measures by a timer every 20 ms: how long after its instant the handler ran. An idle
/// daemon has no such timer: it stops a minute after the last wanted(). Thread: the loop's.
class loop_lag {
  public:
    explicit loop_lag(boost::asio::io_context& io);
    ~loop_lag();
    /// Somebody looks at the counters: measured from here on.
    void wanted();
    const lag_histogram& since_start() const noexcept;
    /// What was counted since the last call.
    lag_histogram take();

  private:
    struct state;
    static void measure(std::shared_ptr<state> s);
    std::shared_ptr<state> state_;
};

}  // namespace drainlab::control
