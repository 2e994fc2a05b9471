#include "workloads/guest/policy_seen.hpp"

#include <algorithm>
#include <initializer_list>

namespace drainlab::guest {
namespace {

bool calls(const call_map& map, const char* function, std::initializer_list<const char*> any_of) {
    const auto at = map.find(function);
    return at != map.end() && std::any_of(any_of.begin(), any_of.end(), [&](const char* callee) {
               return std::find(at->second.begin(), at->second.end(), callee) != at->second.end();
           });
}

std::string era_of(const call_map& map) {
    if (calls(map, "inode_switch_wbs_work_fn", {"synchronize_rcu"})) return "worker";
    for (const auto* switcher : {"inode_switch_wbs", "cleanup_offline_cgwb", "wb_queue_isw"}) {
        if (calls(map, switcher, {"queue_rcu_work"})) return "queue_rcu_work";
        if (calls(map, switcher, {"call_rcu", "call_rcu_sched"})) return "call_rcu";
    }
    return "unknown";
}

std::string unknown(const call_map& map) {
    const auto at = map.find("cgroup_writeback_umount");
    if (at == map.end()) return "unknown: no cgroup_writeback_umount";
    std::string text = "unknown: calls ";
    for (const auto& callee : at->second) text += (text.back() == ' ' ? "" : ", ") + callee;
    return at->second.empty() ? "unknown: calls nothing" : text;
}

}  // namespace

policy_verdict judge_policy(const call_map& map) {
    constexpr auto umount = "cgroup_writeback_umount";
    const bool synchronize = calls(map, umount, {"synchronize_rcu"});
    const bool barrier = calls(map, umount, {"rcu_barrier"});
    const bool flush = calls(map, umount, {"__flush_workqueue", "flush_workqueue"});
    const bool counter = calls(map, umount, {"prepare_to_wait_event", "__var_waitqueue", "init_wait_var_entry"});
    const auto era = era_of(map);
    if (counter && !synchronize && !barrier && !flush) return {"persb", era};
    if (!flush || counter) return {unknown(map), era};
    if (synchronize && barrier) return {"race", era};
    if (synchronize) return {era == "call_rcu" ? "flush" : "rmbarrier", era};
    if (!barrier || era == "unknown") return {unknown(map), era};
    return {era == "worker" ? "base" : era == "queue_rcu_work" ? "rework" : "barrier", era};
}

}  // namespace drainlab::guest
