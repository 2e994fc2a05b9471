#include "fusefs/control/umount_times.hpp"

#include <fmt/format.h>

namespace drainlab::control {
namespace {

double seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

std::string family(const char* name, const char* help, const umount_times& times,
                   length_histogram policy_times::*which) {
    auto out = fmt::format("# TYPE {0} histogram\n# UNIT {0} seconds\n# HELP {0} {1}\n", name, help);
    for (const auto& [policy, both] : times) {
        const auto& h = both.*which;
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < length_histogram::buckets; ++i) {
            below += h.count(i);
            out += fmt::format("{}_bucket{{policy=\"{}\",le=\"{:g}\"}} {}\n", name, policy,
                               seconds(length_histogram::upper(i)), below);
        }
        out += fmt::format("{}_bucket{{policy=\"{}\",le=\"+Inf\"}} {}\n", name, policy, h.total());
        out += fmt::format("{0}_count{{policy=\"{1}\"}} {2}\n{0}_sum{{policy=\"{1}\"}} {3:.9f}\n", name, policy,
                           h.total(), seconds(h.sum_ns()));
    }
    return out;
}

}  // namespace

std::string to_open_metrics(const umount_times& times) {
    return family("drainfs_drain_duration_seconds", "Length of each cgroup_writeback_umount().", times,
                  &policy_times::drain) +
           family("drainfs_umount_duration_seconds", "From the end of a mount's name to the death of its superblock.",
                  times, &policy_times::umount);
}

}  // namespace drainlab::control
