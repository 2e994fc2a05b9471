#include "controller/lab/plan.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace drainlab::lab;
using drainlab::guest::parameters;
using drainlab::guest::scenario_order;

namespace {

parameters two_scenarios() {
    parameters p;
    scenario_order a, b;
    a.name = "alone";
    b.name = "eight";
    b.at_once = 8;
    p.scenarios = {a, b};
    return p;
}

}  // namespace

TEST_CASE("every kernel gets every sample, in short boots", "[lab][plan]") {
    const auto seed = GENERATE(range(1u, 20u));
    std::map<std::pair<std::size_t, std::string>, int> samples;
    for (const auto& boot : plan_boots(3, two_scenarios(), 20, 8, seed))
        for (const auto& s : boot.told.scenarios) {
            CHECK(s.samples % s.at_once == 0);
            if (s.at_once == 1) { CHECK(s.samples <= 8); }
            samples[{boot.kernel, s.name}] += s.samples;
        }
    for (std::size_t k = 0; k < 3; ++k) {
        CHECK(samples[{k, "alone"}] == 20);
        CHECK(samples[{k, "eight"}] == 24);
    }
}

TEST_CASE("kernels take turns", "[lab][plan]") {
    const auto plan = plan_boots(4, two_scenarios(), 30, 10, 5);
    REQUIRE(plan.size() == 12);
    for (std::size_t round = 0; round < 3; ++round) {
        std::set<std::size_t> met;
        for (std::size_t i = 0; i < 4; ++i) met.insert(plan[round * 4 + i].kernel);
        CHECK(met.size() == 4);
    }
}

TEST_CASE("the same seed gives the same plan, another one another", "[lab][plan]") {
    const auto order = [](std::uint64_t seed) {
        std::vector<std::uint64_t> all;
        for (const auto& b : plan_boots(5, two_scenarios(), 20, 5, seed)) {
            all.push_back(b.kernel);
            all.push_back(b.told.seed);
        }
        return all;
    };
    CHECK(order(1) == order(1));
    CHECK(order(1) != order(2));
}
