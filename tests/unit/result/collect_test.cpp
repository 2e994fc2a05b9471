#include "controller/result/collect.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::report;

namespace {

constexpr std::uint64_t msec = 1'000'000;

/// A cycle of one unmount that took `ms` of which the drain, if it waited, was half.
cycle_sample one(std::uint64_t ms, bool waited) {
    umount_sample u;
    u.umount_ns = ms * msec;
    u.detached_ns = msec / 10;
    u.drain_calls = 1;
    u.drain_waited = waited ? 1 : 0;
    u.drain_ns = waited ? ms * msec / 2 : 500;
    u.synchronize_ns = waited ? ms * msec / 4 : 0;
    u.in_flight_at_entry = waited ? 3 : 0;
    cycle_sample c;
    c.umounts = {u};
    c.switches.queued = 2;
    c.switches.by_producer.vote = 2;
    c.synchronize_ns = {ms * msec / 4};
    return c;
}

cell cell_of(const std::string& policy, std::uint64_t ms, int waited, int calls) {
    collector all{"s", policy};
    for (int i = 0; i < calls; ++i) all.add(one(ms, i < waited));
    return all.make();
}

}  // namespace

TEST_CASE("a cell's figures follow from its cycles", "[collect]") {
    collector all{"idle", "base"};
    for (std::uint64_t ms = 1; ms <= 20; ++ms) all.add(one(ms, ms > 4));
    const auto c = all.make();
    CHECK(c.samples == 20);
    CHECK(c.umount_ns.size() == 20);
    CHECK(c.umount_ms->p50 == Approx(10));
    CHECK(*c.umount_ms->p95 == Approx(19));
    CHECK_FALSE(c.umount_ms->p99.has_value());  // 20 samples cannot tell it
    CHECK(c.umount_ms->max == Approx(20));
    CHECK(c.umount_ms->p50_ci95[0] < 10);
    CHECK(c.umount_ms->p50_ci95[1] > 10);
    CHECK(c.phases_ms.detached->p50 == Approx(0.1));
    CHECK_FALSE(c.phases_ms.dead.has_value());
    CHECK(c.phases_ms.returned->max == Approx(20));
    CHECK(c.drain.calls == 20);
    CHECK(c.drain.waited == 16);
    CHECK(c.drain.total_ms == Approx(100.002));  // half of 5 + ... + 20, and four calls of 500 ns
    CHECK(c.drain.per_call_us == Approx(5000.1));
    CHECK(c.drain.in_flight_mean.value() == Approx(2.4));
    CHECK(c.drain.parts_ms->synchronize == Approx(50.0 / 16));
    CHECK(c.switches.queued == 40);
    CHECK(c.rcu_ms.synchronize->max == Approx(5));
    CHECK_FALSE(c.rcu_ms.barrier.has_value());
}

TEST_CASE("a cell without a sample has no figures", "[collect]") {
    const auto c = collector{"idle", "base"}.make();
    CHECK_FALSE(c.umount_ms.has_value());
    CHECK_FALSE(c.drain.parts_ms.has_value());
    CHECK(c.samples == 0);
}

TEST_CASE("a scenario is weak when the global policies mostly had nothing to wait for", "[collect]") {
    result r;
    SECTION("nine of ten found switches in flight") {
        r.cells = {cell_of("persb", 1, 0, 10), cell_of("base", 5, 9, 10)};
        finish(r, "persb", 1);
        CHECK_FALSE(r.cells[0].weak);
        CHECK_FALSE(r.cells[1].weak);
    }
    SECTION("eight of ten did, and the persb cell is as empty a comparison") {
        r.cells = {cell_of("persb", 1, 0, 10), cell_of("base", 5, 8, 10)};
        finish(r, "persb", 1);
        CHECK(r.cells[0].weak);
        CHECK(r.cells[1].weak);
    }
}

TEST_CASE("policies are shown in the kernel's order and compared with persb", "[collect]") {
    result r;
    r.cells = {cell_of("persb", 2, 0, 30), cell_of("rmbarrier", 6, 30, 30), cell_of("race", 14, 30, 30),
               cell_of("base", 12, 30, 30)};
    finish(r, "persb", 1);
    REQUIRE(r.cells.size() == 4);
    CHECK(r.cells[0].policy == "base");
    CHECK(r.cells[1].policy == "race");
    CHECK(r.cells[2].policy == "rmbarrier");
    CHECK(r.cells[3].policy == "persb");
    REQUIRE(r.comparisons.size() == 3);
    CHECK(r.comparisons[0].policy == "base");
    CHECK(r.comparisons[0].p50_ratio == Approx(6));
    CHECK(r.comparisons[0].ci95[0] == Approx(6));
}
