// Many seeds over the scenarios: the fixed policies never violate an invariant; the racy one does once its window is
// wide.
#include "tests/sim/simulator/seeds.hpp"

#include "tests/sim/simulator/runs.hpp"

#include <map>

using namespace drainlab;
using namespace drainlab::tests;

namespace {
#if defined(__SANITIZE_ADDRESS__) || defined(DRAINLAB_COVERAGE)
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

namespace {

/// Worlds in which an unmount meets a switch of its own superblock, and the policies that are known to fail there. In
/// the other
/// scenarios no switch of the target's own is under way: there the seeds look for standstills and wrong counts only.
struct racy_world {
    const char* scenario;
    std::vector<std::pair<std::string, std::chrono::nanoseconds>> widen;
    std::vector<std::string> racy;
};

const std::vector<racy_world> racy_worlds{
    {"container_exit", {{"isw_before_queue", std::chrono::milliseconds{50}}}, {"rework", "base"}},
    {"container_exit", {{"isw_prepared", std::chrono::milliseconds{50}}}, {"rework", "base"}},
    {"target_in_flight", {}, {"none"}},
};

}  // namespace

TEST_CASE("where a racy policy violates on some seed, the fixed ones do not on any", "[sim][seeds]") {
    const std::vector<std::string> fixed{"race", "rmbarrier", "persb"};
    for (const auto& w : racy_worlds) {
        auto g = grid_of({w.scenario}, {}, 1);
        g.machine.widen = w.widen;
        std::map<std::string, int> violated;
        for (std::uint64_t seed = 1; seed <= seeds / 10; ++seed)
            for (const auto* some : {&fixed, &w.racy})
                for (const auto& f : try_seed(g.machine, seed, g.bench.scenarios, *some, 5)) ++violated[f.policy];
        INFO(w.scenario << (w.widen.empty() ? "" : " with a wide " + w.widen.front().first));
        for (const auto& policy : w.racy) CHECK(violated[policy] > 0);
        for (const auto& policy : fixed) CHECK(violated[policy] == 0);
    }
}
