// How long something took, counted.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace drainlab::control {

/// Counts of lengths of time: up to `First` ns, then `Parts` buckets of equal width for each of `Octaves`
/// doublings; the last bucket holds all that is longer. `First` is a multiple of `Parts`. Thread: the loop's.
template <std::int64_t First, std::size_t Parts, std::size_t Octaves>
class histogram {
    static_assert(First % static_cast<std::int64_t>(Parts) == 0);

  public:
    static constexpr std::size_t buckets = 1 + Parts * Octaves;  ///< that have an upper end

    /// Below 0 counts as 0.
    void record(std::int64_t ns) noexcept {
        ns = std::max<std::int64_t>(ns, 0);
        ++counts_[bucket_of(ns)];
        ++total_;
        sum_ns_ += ns;
        max_ns_ = std::max(max_ns_, ns);
    }
    std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket]; }
    std::uint64_t total() const noexcept { return total_; }
    std::int64_t sum_ns() const noexcept { return sum_ns_; }
    std::int64_t max_ns() const noexcept { return max_ns_; }
    /// The longest that a bucket counts, in ns.
    static constexpr std::int64_t upper(std::size_t bucket) noexcept {
        if (bucket == 0) return First;
        const auto octave = (bucket - 1) / Parts, part = (bucket - 1) % Parts + 1;
        return (First << octave) / static_cast<std::int64_t>(Parts) * static_cast<std::int64_t>(Parts + part);
    }
    /// At most 1/Parts too large, and exact where it is the largest; 0 of nothing.
    std::int64_t quantile(double q) const noexcept {
        const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(total_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets; ++i)
            if ((seen += counts_[i]) > wanted) return std::min(upper(i), max_ns_);
        return max_ns_;
    }

  private:
    static constexpr std::size_t bucket_of(std::int64_t ns) noexcept {
        if (ns <= First) return 0;
        const auto octave = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>((ns - 1) / First))) - 1;
        if (octave >= Octaves) return buckets;
        const auto begin = First << octave, width = begin / static_cast<std::int64_t>(Parts);
        return 1 + octave * Parts + static_cast<std::size_t>((ns - 1 - begin) / width);
    }

    std::array<std::uint64_t, buckets + 1> counts_{};
    std::uint64_t total_{};
    std::int64_t sum_ns_{}, max_ns_{};
};

}  // namespace drainlab::control
