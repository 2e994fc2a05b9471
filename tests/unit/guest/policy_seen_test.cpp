#include "workloads/guest/policy_seen.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::guest;

namespace {

policy_verdict judged(std::vector<std::string> umount, call_map switcher) {
    switcher["cgroup_writeback_umount"] = std::move(umount);
    return judge_policy(switcher);
}

const call_map era_a{{"inode_switch_wbs", {"queue_rcu_work", "kfree"}}};
const call_map era_b{{"inode_switch_wbs", {"queue_work_on"}},
                     {"inode_switch_wbs_work_fn", {"synchronize_rcu", "iput"}}};
const call_map oldest{{"inode_switch_wbs", {"call_rcu"}}};

}  // namespace

TEST_CASE("the policy is told by what umount calls", "[guest][policy]") {
    CHECK(judged({"rcu_barrier", "__flush_workqueue"}, era_a).policy == "rework");
    CHECK(judged({"rcu_barrier", "__flush_workqueue"}, era_b).policy == "base");
    CHECK(judged({"synchronize_rcu", "rcu_barrier", "__flush_workqueue"}, era_b).policy == "race");
    CHECK(judged({"synchronize_rcu", "rcu_barrier", "__flush_workqueue"}, era_a).policy == "race");
    CHECK(judged({"synchronize_rcu", "__flush_workqueue"}, era_b).policy == "rmbarrier");
    CHECK(judged({"init_wait_var_entry", "__var_waitqueue", "prepare_to_wait_event", "schedule", "finish_wait"}, era_b)
              .policy == "persb");
    CHECK(judged({"synchronize_rcu", "flush_workqueue"}, oldest).policy == "flush");
    CHECK(judged({"rcu_barrier", "flush_workqueue"}, oldest).policy == "barrier");
}

TEST_CASE("the era is where a switch's grace period is", "[guest][policy]") {
    CHECK(judged({}, era_a).era == "queue_rcu_work");
    CHECK(judged({}, era_b).era == "worker");
    CHECK(judged({}, oldest).era == "call_rcu");
    CHECK(judged({}, {}).era == "unknown");
}

TEST_CASE("what is not known is said to be so, with its calls", "[guest][policy]") {
    CHECK(judged({"mutex_lock", "down_write"}, era_b).policy == "unknown: calls mutex_lock, down_write");
    CHECK(judged({}, era_b).policy == "unknown: calls nothing");
    CHECK(judge_policy({}).policy == "unknown: no cgroup_writeback_umount");
    // A new idea that waits for its counter and flushes besides is neither of those we know.
    CHECK(judged({"prepare_to_wait_event", "__flush_workqueue"}, era_b).policy ==
          "unknown: calls prepare_to_wait_event, __flush_workqueue");
    CHECK(judged({"rcu_barrier", "__flush_workqueue"}, {}).policy == "unknown: calls rcu_barrier, __flush_workqueue");
}
