#include "fusefs/kernel/drain/mutants.hpp"

#include "tests/sim/race/worlds.hpp"

#include <set>

using namespace drainlab;
using namespace drainlab::race;
using namespace drainlab::race::test;

TEST_CASE("every mutant is killed by the shipped worlds", "[race][mutants]") {
    std::vector<world_spec> worlds;
    for (const char* name : shipped) worlds.push_back(world(name));
    CHECK(kernel::drain_mutants().size() >= 15);
    for (const auto* mutant : kernel::drain_mutants()) {
        CAPTURE(mutant->id());
        const auto r = kill(*mutant, worlds, up_to(2));
        CHECK(r.killed);
        CHECK_FALSE(r.by.invariant.empty());
    }
}

TEST_CASE("mutants are found by id, belong to a policy that is there, and are not listed among the policies",
          "[race][mutants]") {
    std::set<std::string_view> ids;
    for (const auto* mutant : kernel::drain_mutants()) {
        CAPTURE(mutant->id());
        CHECK(ids.insert(mutant->id()).second);
        CHECK(kernel::find_drain_policy(mutant->id()) == mutant);
        const auto parent = mutant->id().substr(0, mutant->id().find('~'));
        CHECK(kernel::find_drain_policy(parent) != nullptr);
        for (const auto* p : kernel::drain_policies()) CHECK(p->id() != mutant->id());
    }
    CHECK(kernel::find_drain_policy("persb~nothing") == nullptr);
}

TEST_CASE("mutants die for the right reason", "[race][mutants]") {
    const auto invariant = [](const char* id, const char* name) {
        const auto r = search(world(name), policy(id), up_to(2));
        REQUIRE(r.counterexample);
        return r.findings.front().invariant;
    };
    CHECK(invariant("persb~waker_touches_sb", "offline_one") == "use_after_free");
    CHECK(invariant("persb~lost_wakeup", "offline_one") == "lost_wakeup");
    CHECK(invariant("persb~sleep_without_retest", "offline_one") == "lost_wakeup");
    CHECK(invariant("persb~unpin_before_iput", "offline_one") == "busy_inodes");
    CHECK(invariant("persb~count_work_items", "shared_bdi") == "busy_inodes");
    CHECK(invariant("race~no_synchronize", "offline_one") == "busy_inodes");
}

TEST_CASE("without store buffers a missing smp_mb() would go unnoticed", "[race][mutants][memory]") {
    for (const char* id :
         {"persb~no_smp_mb_umount", "persb~no_smp_mb_switch", "rmbarrier~no_smp_mb_umount", "race~no_smp_mb_switch"}) {
        CAPTURE(id);
        const auto w = world("offline_one");
        const auto violates = [&](bool store_buffers) {
            sched::depth_first choices;
            do {
                world_run run{w, policy(id), choices, {.preemptions = -1, .store_buffers = store_buffers}};
                if (!run.run().findings.empty()) return true;
            } while (choices.next());
            return false;
        };
        CHECK(violates(true));
        CHECK_FALSE(violates(false));
    }
}
