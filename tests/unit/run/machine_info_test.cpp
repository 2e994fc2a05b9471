#include "controller/run/machine_info.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::run;

TEST_CASE("the first line of /proc/stat: what was idle or waited for a disk is not busy", "[run]") {
    const auto t = parse_cpu_ticks("cpu  10 20 30 400 50 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
    REQUIRE(t);
    CHECK(t->busy == 10 + 20 + 30 + 6 + 7 + 8);
    CHECK(t->all == t->busy + 400 + 50);
}

TEST_CASE("anything else is not taken for it", "[run]") {
    CHECK_FALSE(parse_cpu_ticks(""));
    CHECK_FALSE(parse_cpu_ticks("cpu0 1 2 3 4 5 6 7 8"));
    CHECK_FALSE(parse_cpu_ticks("cpu 1 2 3"));
}

TEST_CASE("a share is one", "[run]") {
    const double share = cpu_share_of_others(std::chrono::milliseconds(20));
    CHECK(share >= 0);
    CHECK(share <= 1);
}
