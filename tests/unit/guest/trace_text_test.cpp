#include "workloads/guest/trace_text.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::guest;

TEST_CASE("a line of the trace is an event", "[guest][trace]") {
    const auto e = parse_trace_line(
        "          umount-123     [002] d..1.    12.345678: in_cgroup_writeback_umount: "
        "(cgroup_writeback_umount+0x4/0xb0) "
        "sb=0xffff888003a5c000 inflight=3");
    REQUIRE(e);
    CHECK(e->task == "umount");
    CHECK(e->pid == 123);
    CHECK(e->cpu == 2);
    CHECK(e->at_ns == 12'345'678'000);
    CHECK(e->name == "in_cgroup_writeback_umount");
    CHECK(e->field("inflight") == 3);
    CHECK(e->field("sb") == 0xffff888003a5c000);
    CHECK_FALSE(e->field("flight"));
    CHECK_FALSE(e->field("wb"));
}

TEST_CASE("names of kernel threads may hold anything", "[guest][trace]") {
    const auto e =
        parse_trace_line("   kworker/u8:2-ev-45      [000] .....     2.000001: out_x: (a+0x1/0x2 <- b) ok=0x1");
    REQUIRE(e);
    CHECK(e->task == "kworker/u8:2-ev");
    CHECK(e->pid == 45);
    CHECK(e->field("ok") == 1);
}

TEST_CASE("what is no event is none", "[guest][trace]") {
    for (const auto* line :
         {"", "# tracer: nop", "CPU:1 [LOST 12 EVENTS]", "umount-1", "umount-1 [000] d.... 12.345678 in_x (no colon)",
          "umount-x [000] d.... 1.5: a: b", "umount-1 [00x] d.... 1.5: a: b", "umount-1 [000] d.... x.5: a: b"}) {
        CAPTURE(line);
        CHECK_FALSE(parse_trace_line(line));
    }
}

TEST_CASE("lost events are counted", "[guest][trace]") {
    const auto t = parse_trace("# a comment\nCPU:1 [LOST 12 EVENTS]\n a-1 [000] d.... 1.5: x: y\nhalf a li");
    CHECK(t.events.size() == 1);
    CHECK(t.lost == 1);
}
