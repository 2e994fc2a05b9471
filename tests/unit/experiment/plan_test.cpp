#include "controller/experiment/plan.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace drainlab::experiment;

const std::vector<std::string> four{"base", "race", "rmbarrier", "persb"};

TEST_CASE("every policy is warmed up once, then takes its turn once a round", "[plan]") {
    const auto seed = GENERATE(range(0u, 50u));
    CAPTURE(seed);
    const auto steps = interleave(four, 10, seed);
    REQUIRE(steps.size() == 44);
    for (std::size_t i = 0; i < steps.size(); i += 4) {
        std::set<std::string> round;
        for (std::size_t k = i; k < i + 4; ++k) {
            round.insert(steps[k].policy);
            CHECK(steps[k].warm_up == (i == 0));
        }
        CHECK(round.size() == 4);
    }
}

TEST_CASE("the order comes from the seed alone", "[plan]") {
    CHECK(interleave(four, 10, 3) == interleave(four, 10, 3));
    CHECK_FALSE(interleave(four, 10, 3) == interleave(four, 10, 4));
}

TEST_CASE("no policy always follows the same other", "[plan]") {
    std::set<std::string> after_base;
    const auto steps = interleave(four, 40, 1);
    for (std::size_t i = 0; i + 1 < steps.size(); ++i)
        if (steps[i].policy == "base") after_base.insert(steps[i + 1].policy);
    CHECK(after_base.size() >= 3);
}

TEST_CASE("enough rounds for the samples asked for", "[plan]") {
    CHECK(cycles_for(40, 1) == 40);
    CHECK(cycles_for(40, 8) == 5);
    CHECK(cycles_for(15, 8) == 2);
}
