// The lazy-umount thread of April 2025 in virtual time.
#include "controller/sim/lazy.hpp"

#include "fusefs/profile/load.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drainlab;

namespace {

sim::lazy_run thread_of_2025(std::vector<std::string> policies, std::uint64_t seed = 1) {
    auto profile = profile::load_profile(DRAINLAB_WORKLOADS "/profiles/rt-8cpu.toml", {});
    REQUIRE(profile);
    sim::lazy_run r;
    r.machine.profile = *profile.value;
    r.scenarios = sim::lazy_scenarios();
    r.policies = std::move(policies);
    r.seed = seed;
    return r;
}

std::vector<report::cell> cells_of(const sim::lazy_run& r) {
    auto cells = sim::run_lazy(
        r, [](const auto&, const auto&, int, int) {}, [] { return false; });
    REQUIRE(cells);
    return std::move(cells.value());
}

const report::cell& cell(const std::vector<report::cell>& all, const std::string& scenario, const std::string& policy) {
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const auto& c) { return c.scenario == scenario && c.namespace_policy == policy; });
    REQUIRE(found != all.end());
    return *found;
}

bool observed(const report::cell& c, const std::string& what) {
    return std::any_of(c.observations.begin(), c.observations.end(),
                       [&](const auto& o) { return o.starts_with(what); });
}

}  // namespace

TEST_CASE("the four published lazy figures come out within a factor of 1.25", "[lazy]") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        const auto c = sim::compare_lazy(cells_of(thread_of_2025({"expedited", "deferred"}, seed)));
        CAPTURE(c.text);
        CHECK(c.figures == 4);
        CHECK(c.missed == 0);
    }
}

TEST_CASE("what each namespace policy buys, and what it breaks", "[lazy]") {
    const auto all = cells_of(thread_of_2025({"expedited", "normal", "deferred", "on_demand", "completion"}));
    for (const auto& c : all) {
        CAPTURE(c.scenario, c.policy);
        CHECK(c.violations.empty());
        CHECK(c.samples == 40);
        CHECK(observed(c, "walks_write") == (c.policy == "completion"));
        const bool breaks = c.policy == "deferred" && c.scenario == "lazy_free";
        CHECK(observed(c, "device_busy_at_next_mount") == breaks);
        CHECK(observed(c, "superblock_outlives_lazy_umount") == breaks);
    }
    // A mount that nobody holds needs no grace period under on_demand, one that is held does.
    CHECK(cell(all, "umount_free", "on_demand").umount_ms->p50 < 5);
    CHECK(cell(all, "lazy_free", "on_demand").umount_ms->p50 < 5);
    CHECK(cell(all, "lazy_held", "on_demand").umount_ms->p50 > 10);
    CHECK(cell(all, "lazy_held", "completion").umount_ms->p50 < 5);
    // Whoever unmounts, the superblock of a held mount dies when the file is closed.
    CHECK(cell(all, "lazy_held", "expedited").phases_ms.dead->p50 >= 50);
}

TEST_CASE("the same seed gives the same nanoseconds", "[lazy]") {
    const auto once = cells_of(thread_of_2025({"expedited"}, 7)), again = cells_of(thread_of_2025({"expedited"}, 7));
    REQUIRE(once.size() == again.size());
    for (std::size_t i = 0; i < once.size(); ++i) CHECK(once[i].umount_ns == again[i].umount_ns);
}
