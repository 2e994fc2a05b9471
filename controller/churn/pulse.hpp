// How fast a churn goes and how far deaths lag behind, looked at again and again.
#pragma once

#include "controller/result/churn.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace drainlab::churn {

/// Cycles a second with their 95 % interval, as far as windows of time tell.
struct rate {
    double per_s = 0, low = 0, high = 0;
};
/// a / b with its interval; nothing while one of them is not known well enough to be above 0.
std::optional<rate> ratio_of(const rate& a, const rate& b);

/// Pure: told of looks at equal distances of time.
class pulse {
  public:
    static constexpr std::size_t most_bins = 400;

    explicit pulse(double every_s) : every_s_{every_s} {}
    void look(std::uint64_t cycles_done, std::uint64_t backlog);

    /// From windows of `looks_a_window` looks, at least `fewest`; nothing before.
    std::optional<rate> cycles_per_s() const;
    /// The highest of each stretch of time.
    report::churn_backlog backlog() const;

    static constexpr std::size_t looks_a_window = 12, fewest = 4;

  private:
    double every_s_;
    std::uint64_t looks_ = 0, cycles_ = 0, window_began_at_ = 0;
    std::uint64_t windows_ = 0;
    double mean_ = 0, squares_ = 0;  ///< of the windows' rates (Welford)
    std::uint64_t looks_a_bin_ = 1;
    std::vector<std::uint64_t> bins_;
};

}  // namespace drainlab::churn
