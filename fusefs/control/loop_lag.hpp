// How late the loop thread is: results carry it, so that a slow machine cannot pass for a slow unmount.
#pragma once
#include <array>
#include <cstdint>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace drainlab::control {

struct lag_summary {
    double p50_us{}, p99_us{}, max_us{};
};

/// Counts of latenesses in buckets an eighth of an octave wide: quantiles are at most 1/8 too large.
class lag_histogram {
  public:
    void add(std::int64_t ns) noexcept;
    lag_summary summary() const noexcept;
    std::uint64_t count() const noexcept { return count_; }

  private:
    static std::size_t bucket_of(std::uint64_t ns) noexcept;
    static double top_of(std::size_t bucket) noexcept;
    std::array<std::uint64_t, 8 * 48> buckets_{};
    std::uint64_t count_{};
    std::int64_t max_ns_{};
};

/// Measures by a timer every 20 ms: how long after its instant the handler ran. An idle daemon has no such timer: it stops a minute
/// after the last wanted(). Thread: the loop's.
class loop_lag {
  public:
    explicit loop_lag(boost::asio::io_context& io);
    ~loop_lag();
    /// Somebody looks at the counters: measured from here on.
    void wanted();
    const lag_histogram& since_start() const noexcept;
    /// What was counted since the last call.
    lag_histogram take();
    /// Since the last take().
    const lag_histogram& since_take() const noexcept;

  private:
    struct state;
    static void measure(std::shared_ptr<state> s);
    std::shared_ptr<state> state_;
};

}  // namespace drainlab::control
