// Which drain policy a kernel has, told by what its functions call.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace drainlab::guest {

/// The calls of each function, by name; a function that the kernel does not have is absent.
using call_map = std::map<std::string, std::vector<std::string>>;

/// The functions that the verdict looks at.
inline constexpr const char* judged_functions[] = {"cgroup_writeback_umount",  "inode_switch_wbs",
                                                   "cleanup_offline_cgwb",     "inode_switch_wbs_work_fn",
                                                   "inode_prepare_wbs_switch", "wb_queue_isw"};

/// What the calls say of a kernel.
struct policy_verdict {
    std::string policy;  ///< rework, base, race, rmbarrier, persb, ...; "unknown: calls X, Y"
    std::string era;     ///< where a switch's grace period is: "queue_rcu_work", "worker", "call_rcu"; "unknown"
};

/// By the calls of the judged functions alone, never by the release.
policy_verdict judge_policy(const call_map& calls);

}  // namespace drainlab::guest
