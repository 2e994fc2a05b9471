// A world may end at any moment: an interrupted simulation, a schedule that found what it looked for. What it had is
// freed.
#include "fusefs/kernel/isw.hpp"
#include "tests/sim/model/world.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::tests;

namespace {

/// Runs burners on two superblocks for a while, then drops everything. True if a switch was in flight at that moment.
bool drop_after(std::chrono::nanoseconds when, const kernel::drain_policy& policy) {
    std::vector<std::weak_ptr<const void>> owned;
    bool in_flight = false;
    {
        model_world world;
        const auto m = world.cgroup("first");
        for (const auto* name : {"A", "B"}) {
            const auto sb = world.mount(name, policy.id());
            const auto i = kernel::iget_locked(*sb, 1);
            kernel::inode_attach_wb(*i, m);
            world.scheduler.spawn("burner", world.burn(i, 1000));
            owned.insert(owned.end(), {sb, i});
        }
        owned.emplace_back(m);
        world.scheduler.run_until([] { return false; }, sched::instant{when});
        for (const auto& thing : owned) CHECK_FALSE(thing.expired());
        in_flight = !world.host->isws.empty();
    }
    for (const auto& thing : owned) CHECK(thing.expired());
    return in_flight;
}

}  // namespace

TEST_CASE("a world that is dropped with switches in flight frees its superblocks and inodes", "[model][drop]") {
    for (const auto* policy : kernel::drain_policies()) {
        CAPTURE(policy->id());
        int in_flight = 0;
        for (int ms = 1; ms < 120; ms += 17) in_flight += drop_after(std::chrono::milliseconds{ms}, *policy);
        CHECK(in_flight > 0);
    }
}
