#include "controller/lab/protocol.hpp"

#include "workloads/guest/json_line.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::lab;
using drainlab::guest::json_line;

TEST_CASE("a sample as the guest writes it", "[lab][protocol]") {
    const auto m = parse_message(
        R"({"what":"sample","scenario":"own_churn","i":3,"status":0,"umount_ns":4000000,"detached_ns":100,)"
        R"("drain_begins_ns":200,"drained_ns":300,"dead_ns":400,"drain_calls":1,"waits":2,"drain_ns":100,"synchronize_ns":0,)"
        R"("barrier_ns":60,"flush_ns":30,"expedited_ns":1,"sync_ns":2,"evict_ns":3,"cpu_ns":2500000,"in_flight":4,)"
        R"("busy_inodes":false})");
    REQUIRE(m);
    const auto& s = std::get<sample_told>(*m);
    CHECK(s.scenario == "own_churn");
    CHECK(s.number == 3);
    CHECK(s.cpu_ns == 2'500'000);
    CHECK(s.figures.umount_ns == 4'000'000);
    CHECK(s.figures.drain_waited == 1);
    CHECK(s.figures.barrier_ns == 60);
    CHECK(s.figures.in_flight_at_entry == 4);
    CHECK(s.figures.dead_ns == 400);
    CHECK_FALSE(s.released_to_dead_ns);
}

TEST_CASE("the other words of a guest", "[lab][protocol]") {
    const auto hi = parse_message(json_line("hello")
                                      .text("schema", "drainlab.guest/1")
                                      .text("release", "6.1")
                                      .text("version", "v")
                                      .number("cpus", 4)
                                      .str());
    REQUIRE(hi);
    CHECK(std::get<hello>(*hi).cpus == 4);
    const auto policy =
        parse_message(json_line("policy").text("policy", "base").text("era", "worker").texts("calls", {"a"}).str());
    REQUIRE(policy);
    CHECK(std::get<policy_told>(*policy).calls.size() == 1);
    CHECK(std::get<error_told>(*parse_message(json_line("error").text("text", "no").str())).text == "no");
    CHECK(std::holds_alternative<bye>(*parse_message(json_line("bye").number("virtual_ns", 1).str())));
}

TEST_CASE("noise and broken lines are no message", "[lab][protocol]") {
    for (const auto* line : {"", "{", "[]", "7", "{}", R"({"what":"sample"})", R"({"what":"dance"})", R"({"what":3})",
                             R"({"what":"hello","schema":"other/2","release":"","version":"","cpus":1})",
                             R"({"what":"load","scenario":"a","generations":"many","ns":1})"}) {
        CAPTURE(line);
        CHECK_FALSE(parse_message(line));
    }
}
