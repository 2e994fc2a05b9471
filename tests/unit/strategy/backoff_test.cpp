#include "controller/strategy/backoff.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::strategy;
using namespace std::chrono_literals;

TEST_CASE("pauses grow by the factor up to the longest", "[strategy]") {
    const backoff b{10ms, 2, 70ms, 8};
    CHECK(pause_after(b, 1) == 10ms);
    CHECK(pause_after(b, 2) == 20ms);
    CHECK(pause_after(b, 3) == 40ms);
    CHECK(pause_after(b, 4) == 70ms);
    CHECK(pause_after(b, 5) == 70ms);
    CHECK(pause_after(b, 100'000) == 70ms);  // no overflow
}

TEST_CASE("a factor of one is a steady pause", "[strategy]") {
    const backoff b{50ms, 1, 1s, 3};
    CHECK(pause_after(b, 1) == 50ms);
    CHECK(pause_after(b, 3) == 50ms);
}
