// How long drains and unmounts took, by policy, for /metrics.
#pragma once
#include "fusefs/control/histogram.hpp"

#include <map>
#include <string>

namespace drainlab::control {

/// In buckets that double from 100 us on, up to 105 s or so.
using length_histogram = histogram<100'000, 1, 20>;

/// What is counted for each drain policy.
struct policy_times {
    length_histogram drain;   ///< cgroup_writeback_umount(), from entry to return
    length_histogram umount;  ///< from the name's end to the superblock's death
};

/// By policy.
using umount_times = std::map<std::string, policy_times>;

/// Both as OpenMetrics histograms with a label `policy`.
std::string to_open_metrics(const umount_times& times);

}  // namespace drainlab::control
