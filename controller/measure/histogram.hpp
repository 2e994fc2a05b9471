// A histogram of bounded relative error with the buckets of HdrHistogram (G. Tene): merging loses nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace drainlab::measure {

/// Counts values so that each is known to `digits` significant decimal digits. The bucket borders are HdrHistogram's
/// with a lowest discernible value of 1, so counts can be carried over one to one. It grows with the largest value.
///
/// Merging two histograms of equal digits gives what recording all values in one would have given.
/// Thread: one at a time.
class histogram {
  public:
    /// `digits` in [1, 5].
    explicit histogram(int digits = 3);

    void record(std::uint64_t value, std::uint64_t count = 1);
    /// Adds all of `other`, which must have the same digits.
    void merge(const histogram& other);

    int digits() const noexcept { return digits_; }
    std::uint64_t count() const noexcept { return total_; }
    bool empty() const noexcept { return total_ == 0; }
    /// The smallest and largest value recorded, exactly; 0 when empty.
    std::uint64_t min() const noexcept { return total_ == 0 ? 0 : min_; }
    std::uint64_t max() const noexcept { return max_; }
    /// The mean of the values, exactly (up to floating point); 0 when empty.
    double mean() const noexcept;
    /// The largest value that shares a bucket with the quantile `p` (index floor(p * (n - 1))), never above max().
    /// 0 when empty.
    std::uint64_t value_at(double p) const;

    /// Every bucket that counted something, ascending: lowest and highest value in it, and how many.
    void each(const std::function<void(std::uint64_t low, std::uint64_t high, std::uint64_t count)>& visit) const;

    /// What each() told, put together again: buckets by their lowest value, and the exact ends. Its mean is that of the
    /// buckets.
    static histogram from(int digits, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& buckets,
                          std::uint64_t min, std::uint64_t max);

    /// The borders of the bucket that holds `value`.
    std::uint64_t lowest_equivalent(std::uint64_t value) const noexcept;
    std::uint64_t highest_equivalent(std::uint64_t value) const noexcept;

    bool operator==(const histogram&) const = default;

  private:
    std::size_t index_of(std::uint64_t value) const noexcept;
    std::uint64_t lowest_at(std::size_t index) const noexcept;
    int exponent_of(std::uint64_t value) const noexcept;

    int digits_;
    int half_bits_;  ///< log2 of half the sub-buckets
    std::uint64_t total_ = 0;
    std::uint64_t min_ = UINT64_MAX;
    std::uint64_t max_ = 0;
    __extension__ unsigned __int128 sum_ = 0;
    std::vector<std::uint64_t> counts_;
};

}  // namespace drainlab::measure
