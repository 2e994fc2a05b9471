// By how much one set of samples is shifted against another, and whether that could be chance.
#pragma once

#include "controller/measure/bootstrap.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace drainlab::measure {

/// The factor between two sets of positive samples.
struct shift {
    double ratio = 1.0;   ///< Hodges-Lehmann: the median of all quotients after / before
    interval range;       ///< where the ratio lies with the confidence asked for
    double chance = 1.0;  ///< two-sided p of the Mann-Whitney test: both come from one distribution
};

/// `after` against `before`, both ascending. No shape is assumed beyond that one is a multiple of the other; the ends
/// of the interval
/// are the quotients at the ranks at which the Mann-Whitney test would no longer reject. The test takes the normal
/// approximation with
/// the correction for ties (samples are quantised by ticks) and for continuity: good from 10 samples a side on. Sets of
/// more than 2000
/// are thinned to evenly spaced order statistics for the ratio, not for the test.
shift shift_of(std::span<const std::uint64_t> before, std::span<const std::uint64_t> after, double confidence);

/// Holm's correction: the p of each test such that all that are at most `a` are false with probability at most `a`
/// together.
std::vector<double> holm(const std::vector<double>& chances);

/// The fewest samples a side that shift_of() can judge.
inline constexpr std::size_t fewest_for_shift = 10;

}  // namespace drainlab::measure
