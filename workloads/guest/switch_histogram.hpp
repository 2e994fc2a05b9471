// Counts of switches in the text of a tracing histogram.
#pragma once

#include <cstdint>
#include <string_view>

namespace drainlab::guest {

/// Inodes prepared for a switch, by who asked for it.
struct switch_counts {
    std::int64_t by_vote = 0;     ///< from inode_switch_wbs()
    std::int64_t by_offline = 0;  ///< from cleanup_offline_cgwb() or its helper
    std::int64_t by_other = 0;    ///< not told: a second probe at the same return hides the caller
};

/// Lines such as `{ __probe_ret_ip: [ffffffff813f5a1e] inode_switch_wbs     } hitcount:  71`.
switch_counts read_switch_histogram(std::string_view text);

}  // namespace drainlab::guest
