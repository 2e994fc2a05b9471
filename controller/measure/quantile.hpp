// Quantiles as the published tables have them: one of the values measured, never something between two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drainlab::measure {

/// Which of `n` values in ascending order is the quantile `p`: floor(p * (n - 1)), the rule the published figures fit.
/// With 20 samples p95 and p99 are thus the same sample, and the maximum is none of them. `p` in [0, 1], `n` > 0.
std::size_t quantile_index(double p, std::size_t n);

/// The quantile `p` of values in ascending order. `sorted` must not be empty.
std::uint64_t quantile(std::span<const std::uint64_t> sorted, double p);

/// Whether `n` values can tell the quantile `p` apart from the extremes: at least one of them is expected beyond it.
/// p95 takes 20,
/// p99 takes 100. `p` in (0, 1).
bool supports(double p, std::size_t n);

/// A sorted copy.
std::vector<std::uint64_t> sorted(std::span<const std::uint64_t> values);

/// The arithmetic mean; 0 of nothing.
double mean(std::span<const std::uint64_t> values);

}  // namespace drainlab::measure
