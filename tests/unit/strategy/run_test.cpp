#include "controller/strategy/run.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drainlab::strategy;
using namespace std::chrono_literals;

TEST_CASE("the same mounts are held for every strategy, others in every round", "[strategy]") {
    options o;
    CHECK(holders_of(o, 3) == holders_of(o, 3));
    CHECK(holders_of(o, 3) != holders_of(o, 4));
    options other = o;
    other.seed = 2;
    CHECK(holders_of(o, 3) != holders_of(other, 3));
}

TEST_CASE("shares and lengths are those asked for", "[strategy]") {
    options o;
    o.held_share = 0.25;
    o.held_for = 40ms;
    int held = 0;
    std::chrono::nanoseconds sum{0}, longest{0};
    constexpr int rounds = 1000;
    for (int i = 0; i < rounds; ++i)
        for (const auto h : holders_of(o, i)) {
            held += h > 0ns;
            sum += h;
            longest = std::max(longest, h);
        }
    CHECK(held == Approx(0.25 * rounds * batch_size).epsilon(0.1));
    CHECK(static_cast<double>(sum.count()) / held == Approx(40e6).epsilon(0.1));
    CHECK(longest <= 80ms + 1ns);
    o.held_share = 0;
    CHECK(holders_of(o, 0) == std::vector<std::chrono::nanoseconds>(batch_size));
    o.held_share = 1;
    o.held_for = 0ns;
    const auto all = holders_of(o, 0);
    CHECK(std::count(all.begin(), all.end(), 1ns) == batch_size);
}
