#include "fusefs/control/umount_times.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace drainlab::control {
namespace {

constexpr double first_upper = 1e-4;

std::string family(const char* name, const char* help, const umount_times& times,
                   length_histogram policy_times::*which) {
    auto out = fmt::format("# TYPE {0} histogram\n# UNIT {0} seconds\n# HELP {0} {1}\n", name, help);
    for (const auto& [policy, both] : times) {
        const auto& h = both.*which;
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < length_histogram::buckets; ++i) {
            below += h.counts[i];
            out += fmt::format("{}_bucket{{policy=\"{}\",le=\"{:g}\"}} {}\n", name, policy, length_histogram::upper(i),
                               below);
        }
        out += fmt::format("{}_bucket{{policy=\"{}\",le=\"+Inf\"}} {}\n", name, policy, h.total());
        out += fmt::format("{0}_count{{policy=\"{1}\"}} {2}\n{0}_sum{{policy=\"{1}\"}} {3:.9f}\n", name, policy,
                           h.total(), h.seconds);
    }
    return out;
}

}  // namespace

void length_histogram::record(std::int64_t ns) {
    const double s = static_cast<double>(ns) / 1e9;
    std::size_t at = 0;
    while (at < buckets && s > upper(at)) ++at;
    ++counts[at];
    seconds += s;
}

std::uint64_t length_histogram::total() const {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

double length_histogram::upper(std::size_t bucket) { return first_upper * std::ldexp(1.0, static_cast<int>(bucket)); }

std::string to_open_metrics(const umount_times& times) {
    return family("drainfs_drain_duration_seconds", "Length of each cgroup_writeback_umount().", times,
                  &policy_times::drain) +
           family("drainfs_umount_duration_seconds", "From the end of a mount's name to the death of its superblock.",
                  times, &policy_times::umount);
}

}  // namespace drainlab::control
