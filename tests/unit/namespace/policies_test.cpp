#include "tests/unit/namespace/explore.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::kernel;
using namespace drainlab::kernel::test;

TEST_CASE("no schedule of any world breaks a namespace policy", "[namespace][explore]") {
    for (const auto* policy : namespace_policies())
        for (const auto& world : namespace_worlds()) {
            // The timer and the worker of `deferred` multiply the schedules.
            const int preemptions = policy->lazy_is_synchronous() ? 2 : 1;
            const auto all = explore(policy->id(), world.name, preemptions);
            CAPTURE(policy->id(), world.name, all.schedules, all.first);
            CHECK(all.broken == std::set<std::string>{});
            CHECK(all.exhausted);
        }
}

TEST_CASE("every namespace mutant is caught", "[namespace][explore]") {
    for (const auto* policy : namespace_mutants()) {
        bool killed = false;
        for (const auto& world : namespace_worlds()) {
            killed = !explore(policy->id(), world.name).broken.empty();
            if (killed) break;
        }
        CAPTURE(policy->id());
        CHECK(killed);
    }
}

TEST_CASE("deferred lets a superblock outlive umount -l though nobody holds it, the others do not",
          "[namespace][explore]") {
    for (const auto* policy : namespace_policies()) {
        const auto all = explore(policy->id(), "alone_lazy", 1);
        CAPTURE(policy->id());
        CHECK(all.observations.contains("superblock_outlives_lazy_umount") == (policy->id() == "deferred"));
    }
}

TEST_CASE("a path walk in the way can make mainline's umount -l return too early as well", "[namespace][explore]") {
    CHECK(explore("expedited", "walk_lazy").observations.contains("superblock_outlives_lazy_umount"));
    CHECK_FALSE(explore("expedited", "walk").observations.contains("superblock_outlives_lazy_umount"));
}
