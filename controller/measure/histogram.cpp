#include "controller/measure/histogram.hpp"

#include "controller/measure/quantile.hpp"
#include "fusefs/sched/check.hpp"

#include <algorithm>
#include <bit>

namespace drainlab::measure {
namespace {

/// log2 of half the sub-buckets: the smallest power of two that holds 2 * 10^digits distinct values, halved.
int half_bits_for(int digits) {
    DRAINLAB_CHECK(digits >= 1 && digits <= 5);
    std::uint64_t values = 2;
    for (int i = 0; i < digits; ++i) values *= 10;
    return std::bit_width(values - 1) - 1;
}

}  // namespace

histogram::histogram(int digits) : digits_{digits}, half_bits_{half_bits_for(digits)} {}

// Values below 2 * half stand alone; above, each doubling of the range has `half` buckets, each twice as wide.
int histogram::exponent_of(std::uint64_t value) const noexcept {
    return std::max(0, static_cast<int>(std::bit_width(value)) - (half_bits_ + 1));
}

std::size_t histogram::index_of(std::uint64_t value) const noexcept {
    const int e = exponent_of(value);
    return (static_cast<std::size_t>(e) << half_bits_) + static_cast<std::size_t>(value >> e);
}

std::uint64_t histogram::lowest_at(std::size_t index) const noexcept {
    const std::size_t half = std::size_t{1} << half_bits_;
    if (index < 2 * half) return index;
    const std::size_t e = index / half - 1;
    return static_cast<std::uint64_t>(index - e * half) << e;
}

std::uint64_t histogram::lowest_equivalent(std::uint64_t value) const noexcept {
    const int e = exponent_of(value);
    return (value >> e) << e;
}

std::uint64_t histogram::highest_equivalent(std::uint64_t value) const noexcept {
    return lowest_equivalent(value) + ((std::uint64_t{1} << exponent_of(value)) - 1);
}

histogram histogram::from(int digits, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& buckets,
                          std::uint64_t min, std::uint64_t max) {
    histogram h{digits};
    for (const auto& [low, count] : buckets) h.record(low, count);
    if (h.empty()) return h;
    h.min_ = min;
    h.max_ = max;
    return h;
}

void histogram::record(std::uint64_t value, std::uint64_t count) {
    if (count == 0) return;
    const auto index = index_of(value);
    if (index >= counts_.size()) counts_.resize(index + 1);
    counts_[index] += count;
    total_ += count;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
    sum_ += static_cast<decltype(sum_)>(value) * count;
}

void histogram::merge(const histogram& other) {
    DRAINLAB_CHECK(digits_ == other.digits_);
    if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
    for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    sum_ += other.sum_;
}

double histogram::mean() const noexcept {
    return total_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(total_);
}

std::uint64_t histogram::value_at(double p) const {
    if (total_ == 0) return 0;
    const std::uint64_t wanted = quantile_index(p, total_);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        seen += counts_[i];
        if (seen > wanted) return std::min(highest_equivalent(lowest_at(i)), max_);
    }
    return max_;
}

void histogram::each(
    const std::function<void(std::uint64_t low, std::uint64_t high, std::uint64_t count)>& visit) const {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        if (counts_[i] == 0) continue;
        const auto low = lowest_at(i);
        visit(low, highest_equivalent(low), counts_[i]);
    }
}

}  // namespace drainlab::measure
