// How long drains and unmounts took, by policy, for /metrics.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace drainlab::control {

/// Counts of lengths in buckets that double from 100 us on; the last holds all that is longer. Thread: the loop's.
struct length_histogram {
    static constexpr std::size_t buckets = 21;  ///< up to 100 us * 2^20, some 105 s
    std::array<std::uint64_t, buckets + 1> counts{};
    double seconds{};

    void record(std::int64_t ns);
    std::uint64_t total() const;
    /// The upper end of a bucket, in seconds.
    static double upper(std::size_t bucket);
};

struct policy_times {
    length_histogram drain;   ///< cgroup_writeback_umount(), from entry to return
    length_histogram umount;  ///< from the name's end to the superblock's death
};

/// By policy.
using umount_times = std::map<std::string, policy_times>;

/// Both as OpenMetrics histograms with a label `policy`.
std::string to_open_metrics(const umount_times& times);

}  // namespace drainlab::control
