#include "workloads/guest/parts.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::guest;

namespace {

trace_event at(std::int64_t us, const char* name, const char* rest = "", int pid = 7) {
    trace_event e;
    e.pid = pid;
    e.at_ns = us * 1000;
    e.name = name;
    e.rest = rest;
    return e;
}

}  // namespace

TEST_CASE("the parts of an unmount that waited", "[guest][parts]") {
    const auto p = parts_of(
        {at(10, "in_synchronize_rcu_expedited"), at(20, "out_synchronize_rcu_expedited"),
         at(30, "in_generic_shutdown_super"), at(31, "in_sync_filesystem"),
         at(32, "in_rcu_barrier"),  // ext4's own, not the drain's
         at(39, "out_rcu_barrier"), at(41, "out_sync_filesystem"),
         at(50, "in_cgroup_writeback_umount", "(x) inflight=4"), at(51, "in_synchronize_rcu"),
         at(55, "in_rcu_barrier", "", 8),  // somebody else's
         at(61, "out_synchronize_rcu"), at(62, "in_rcu_barrier"), at(82, "out_rcu_barrier"),
         at(83, "in___flush_workqueue"), at(86, "out___flush_workqueue"), at(90, "out_cgroup_writeback_umount"),
         at(91, "in_evict_inodes"), at(95, "out_evict_inodes"), at(99, "out_generic_shutdown_super")},
        7);
    CHECK(p.detached_at == 10'000);
    CHECK(p.expedited_ns == 10'000);
    CHECK(p.sync_ns == 10'000);
    CHECK(p.drain_begins_at == 50'000);
    CHECK(p.drained_at == 90'000);
    CHECK(p.dead_at == 99'000);
    CHECK(p.drain_calls == 1);
    CHECK(p.drain_ns == 40'000);
    CHECK(p.synchronize_ns == 10'000);
    CHECK(p.barrier_ns == 20'000);
    CHECK(p.flush_ns == 3'000);
    CHECK(p.evict_ns == 4'000);
    CHECK(p.waits == 3);
    CHECK(p.in_flight == 4);
}

TEST_CASE("a drain that only looks has not waited", "[guest][parts]") {
    const auto p =
        parts_of({at(1, "in_cgroup_writeback_umount", "(x) inflight=0"), at(2, "out_cgroup_writeback_umount")}, 7);
    CHECK(p.waits == 0);
    CHECK(p.in_flight == 0);
    CHECK(p.drain_calls == 1);
}

TEST_CASE("a sleep on the superblock's own counter is a wait", "[guest][parts]") {
    const auto p = parts_of({at(1, "in_prepare_to_wait_event"), at(2, "in_cgroup_writeback_umount"),
                             at(3, "in_prepare_to_wait_event"), at(9, "out_cgroup_writeback_umount")},
                            7);
    CHECK(p.waits == 1);
}

TEST_CASE("a return whose beginning was not seen counts for nothing", "[guest][parts]") {
    const auto p = parts_of({at(5, "out_rcu_barrier"), at(6, "out_cgroup_writeback_umount")}, 7);
    CHECK(p.barrier_ns == 0);
    CHECK(p.drain_ns == 0);
    CHECK_FALSE(p.drained_at);
}
