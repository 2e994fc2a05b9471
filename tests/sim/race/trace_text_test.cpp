// A trace in the form of tracefs, as `report --export ftrace` writes it.
#include "controller/race/accept.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace drainlab;
using namespace drainlab::race;

TEST_CASE("the text of a trace is read by the kernel's names; lines of anything else are passed over",
          "[race][accept]") {
    const tests::own_folder dir;
    const auto file = dir / "trace";
    const auto reads = [&](const std::string& text) {
        std::ofstream{file} << text;
        return read_trace(file);
    };
    const std::string head = "# tracer: drainlab\n#\n";
    const auto fine = reads(
        head +
        "            umount-1       [003] .....     0.000001000: sys_umount__entry: sb=A\n"
        "            umount-1       [003] .....     0.000002000: generic_shutdown_super__inactive: sb=A\n"
        "       rcu_preempt-2       [000] .....     0.000002500: rcu_grace_period__start: gp_seq=4\n"
        "no line of a trace\n"
        "            umount-1       [003] .....     0.000003000: cgroup_writeback_umount__entry: sb=A in_flight=2\n"
        "            umount-1       [003] .....     0.000004000: generic_shutdown_super__return: sb=B\n");
    REQUIRE(fine);
    const auto& trace = fine.value();
    REQUIRE(trace.size() == 3);
    CHECK(trace[0].name == "sb_inactive");
    CHECK(trace[0].line == 4);
    CHECK(trace[1].name == "drain_begins");
    CHECK(trace[1].sb == "A");
    CHECK(trace[1].line == 7);
    CHECK(trace[2].name == "dead");
    CHECK(trace[2].sb == "B");
    const auto none = reads(head);
    REQUIRE_FALSE(none);
    CHECK(none.error().message == file + ": holds none of the events that a run of the model shows");
}
