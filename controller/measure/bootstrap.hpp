// How sure a quantile, and a ratio of two medians, is: 95 % intervals by the bootstrap.
#pragma once

#include <cstdint>
#include <span>

namespace drainlab::measure {

/// From `low` to `high`, in the unit of what was measured.
struct interval {
    double low = 0.0;
    double high = 0.0;
};

/// The 95 % percentile bootstrap interval of the quantile `p` of `sorted` (ascending, not empty), in its unit.
///
/// Nothing is drawn: a resample of n values has as its k-th smallest the one at rank floor(n * U), U being the k-th
/// smallest of n uniform numbers, which follows Beta(k + 1, n - k). So the interval's ends are read off that
/// distribution, as infinitely many resamples would give them. With one sample the interval is that sample.
interval quantile_ci95(std::span<const std::uint64_t> sorted, double p);

/// A quotient and its interval; no unit.
struct ratio {
    double value = 0.0;
    interval ci95;
};

/// median(a) / median(b) (the p50 of quantile.hpp) with its 95 % percentile bootstrap interval from `resamples` pairs
/// of independent resamples. Both ascending, not empty. Same seed, same interval. A zero median of `b` counts as 1.
ratio p50_ratio(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b, std::uint64_t seed,
                int resamples = 4000);

}  // namespace drainlab::measure
