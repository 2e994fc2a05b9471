#include "controller/machine/load.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::machine;

TEST_CASE("the first line of /proc/stat: what was idle or waited for a disk is not busy", "[load]") {
    const auto t = parse_cpu_ticks("cpu  10 20 30 400 50 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
    REQUIRE(t);
    CHECK(t->busy == 10 + 20 + 30 + 6 + 7 + 8);
    CHECK(t->all == t->busy + 400 + 50);
}

TEST_CASE("anything else is not taken for it", "[load]") {
    CHECK_FALSE(parse_cpu_ticks(""));
    CHECK_FALSE(parse_cpu_ticks("cpu0 1 2 3 4 5 6 7 8"));
    CHECK_FALSE(parse_cpu_ticks("cpu 1 2 3"));
}

TEST_CASE("the share that was busy is that of the ticks between two readings", "[load]") {
    CHECK(busy_share({100, 1000}, {125, 1100}) == 0.25);
    CHECK(busy_share({100, 1000}, {100, 1100}) == 0);
    CHECK(busy_share({100, 1000}, {200, 1100}) == 1);
}

TEST_CASE("readings between which no time has passed, or that run backwards, give no share", "[load]") {
    CHECK(busy_share({100, 1000}, {100, 1000}) == 0);
    CHECK(busy_share({100, 1000}, {90, 1100}) == 0);
    CHECK(busy_share({100, 1000}, {200, 900}) == 0);
}
