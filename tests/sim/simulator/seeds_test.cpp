// Many seeds over the scenarios: the fixed policies never violate an invariant; the racy one does once its window is wide.
#include "tests/sim/simulator/runs.hpp"

using namespace drainlab;
using namespace drainlab::tests;

TEST_CASE("no seed breaks a fixed policy", "[sim][seeds]") {
    auto g =
        grid_of({"container_exit", "own_churn", "target_in_flight", "shared_bdi", "sync_neighbour", "concurrent8_idle"},
                {"race", "rmbarrier", "persb"}, 2);
    for (std::uint64_t seed = 1; seed <= 15; ++seed) {
        g.bench.seed = seed;
        INFO("seed " << seed);
        for (const auto& c : simulate(g).cells) {
            INFO(c.scenario << " " << c.policy << (c.violations.empty() ? "" : ": " + c.violations.front().message));
            CHECK(c.violations.empty());
        }
    }
}

TEST_CASE("base violates on some seed of container_exit when the window is widened; the fixed ones do not",
          "[sim][seeds]") {
    auto g = grid_of({"container_exit"}, {"base", "race", "rmbarrier", "persb"}, 10);
    g.bench.keep_going = true;
    g.machine.widen = {{"isw_before_queue", std::chrono::milliseconds{5}}};
    std::size_t base = 0, fixed = 0;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        g.bench.seed = seed;
        for (const auto& c : simulate(g).cells) (c.policy == "base" ? base : fixed) += c.violations.size();
    }
    CHECK(base > 0);
    CHECK(fixed == 0);
}
