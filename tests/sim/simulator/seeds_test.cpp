// Many seeds over the scenarios: the fixed policies never violate an invariant; the racy one does once its window is wide.
#include "tests/sim/simulator/seeds.hpp"

#include "tests/sim/simulator/runs.hpp"

using namespace drainlab;
using namespace drainlab::tests;

namespace {
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t seeds = 20;
#else
constexpr std::uint64_t seeds = 200;  // 10,000 with bench_sim_seeds
#endif
}  // namespace

TEST_CASE("no seed breaks a fixed policy", "[sim][seeds]") {
    const auto g = grid_of({"container_exit", "own_churn", "target_in_flight", "shared_bdi", "sync_neighbour",
                            "concurrent8_idle", "idle_cross_pressure"},
                           {}, 1);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        for (const auto& f : try_seed(g.machine, seed, g.bench.scenarios, {"race", "rmbarrier", "persb"}, 1)) {
            INFO("seed " << f.seed << " " << f.scenario << " " << f.policy);
            CHECK(f.message.empty());
        }
}

TEST_CASE("base violates on some seed of container_exit when the window is widened; the fixed ones do not",
          "[sim][seeds]") {
    auto g = grid_of({"container_exit"}, {}, 1);
    g.machine.widen = {{"isw_before_queue", std::chrono::milliseconds{50}}};
    std::size_t base = 0, fixed = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
        for (const auto& f : try_seed(g.machine, seed, g.bench.scenarios, {"base", "race", "rmbarrier", "persb"}, 5))
            ++(f.policy == "base" ? base : fixed);
    CHECK(base > 0);
    CHECK(fixed == 0);
}
