// The namespace policies in the shipped worlds, their mutants, and both halves of an unmount at once.
#include "controller/race/report.hpp"
#include "tests/sim/race/worlds.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

using namespace drainlab;
using namespace drainlab::race;
using namespace drainlab::race::test;

TEST_CASE(
    "deferred is caught by mkfs after umount -l; nothing else breaks a namespace policy, and no verdict is vacuous",
    "[race][namespace]") {
    for (const auto* policy : kernel::namespace_policies())
        for (const char* name : shipped_names) {
            CAPTURE(policy->id(), name);
            const auto j = judge(world(name), *policy, up_to(2));
            if (policy->id() == "deferred" && std::string_view{name} == "ns_mkfs") {
                REQUIRE(j.says == verdict::violates);
                CHECK(j.example->what.invariant == "device_busy");
                continue;
            }
            CHECK(j.says == verdict::safe);
        }
}

TEST_CASE("every namespace mutant dies for the right reason, in a world that its policy survives",
          "[race][namespace][mutants]") {
    using reasons = std::set<std::string>;
    const std::map<std::string_view, reasons> expected{
        {"expedited~no_gp", {"mount_leaked", "umount_not_synchronous"}},
        {"expedited~no_recheck", {"umount_not_synchronous", "use_after_free"}},
        {"expedited~no_sync_flag", {"umount_not_synchronous"}},
        {"expedited~no_walk_mb", {"umount_not_synchronous", "use_after_free"}},
        {"expedited~no_umount_mb", {"umount_not_synchronous", "use_after_free"}},
        {"expedited~no_put_mb", {"use_after_free"}},
        {"on_demand~no_mb", {"use_after_free"}},
        {"on_demand~no_mb_at_all", {"use_after_free"}},
        {"expedited~single_counter", {"umount_not_synchronous"}},
        {"expedited~blind_to_copies", {"umount_not_synchronous"}},
        {"deferred~every_umount", {"umount_not_synchronous"}},
        {"deferred~in_callback", {"sleeping_in_atomic"}},
        {"deferred~no_gp", {"mount_leaked"}},
        {"on_demand~no_gp", {"mount_leaked", "umount_not_synchronous"}},
        {"on_demand~two_is_free", {"use_after_free"}},
        {"on_demand~torn_count", {"umount_not_synchronous", "use_after_free"}},
        {"on_demand~gets_first", {"umount_not_synchronous", "use_after_free"}},
        {"completion~puts_only", {"umount_not_synchronous", "mount_leaked"}},
        {"completion~walks_only", {"mount_leaked"}},
        {"completion~no_wake", {"lost_wakeup"}},
    };
    std::vector<world_spec> worlds;
    for (const char* name : shipped_names) worlds.push_back(world(name));
    const std::vector<world_spec> barrier_worlds{world("ns_pwd_one_counter"), world("ns_walk_one_counter"),
                                                 world("ns_walk_lazy")};
    CHECK(kernel::namespace_mutants().size() >= expected.size());
    for (const auto* mutant : kernel::namespace_mutants()) {
        CAPTURE(mutant->id());
        // Their barriers are not needed before three preemptions.
        const bool late =
            std::set<std::string_view>{"expedited~no_put_mb", "on_demand~no_mb", "on_demand~no_mb_at_all"}.contains(
                mutant->id());
        const auto r = late ? kill(*mutant, barrier_worlds, up_to(3)) : kill(*mutant, worlds, up_to(2));
        CHECK(r.killed);
        CAPTURE(r.by.invariant, r.world);
        const auto reason = expected.find(mutant->id());
        if (reason != expected.end()) CHECK(reason->second.contains(r.by.invariant));
    }
}

TEST_CASE("a synchronous umount does not succeed while a copy at a shared peer is in use, unless nobody looks",
          "[race][namespace]") {
    const auto j = judge(world("ns_shared_peer"), names("expedited"), up_to(2));
    CHECK(j.says == verdict::safe);
    CHECK(j.search.state.reached[index_of(window::copy_busy)] > 0);
    CHECK(judge(world("ns_shared_peer"), names("expedited~blind_to_copies"), up_to(2)).says == verdict::violates);
}

TEST_CASE(
    "each barrier of a put and of on_demand is needed where counts are one per CPU; where they are split, the one "
    "between the "
    "two passes does the work of both",
    "[race][namespace][memory]") {
    const auto says = [](const char* id, const char* name) { return judge(world(name), names(id), up_to(3)).says; };
    CHECK(says("on_demand~no_mb", "ns_walk_one_counter") == verdict::violates);
    CHECK(says("expedited~no_put_mb", "ns_pwd_one_counter") == verdict::violates);
    CHECK(says("on_demand~no_mb_at_all", "ns_walk_lazy") == verdict::violates);
    for (const char* name : shipped_names) {
        const world_spec w = world(name);
        if (!w.split_counts) continue;
        for (const char* id : {"on_demand~no_mb", "expedited~no_put_mb"}) {
            CAPTURE(name, id);
            const auto r = search(w, names(id), up_to(2));
            CHECK(r.exhausted);
            CHECK_FALSE(r.counterexample);
        }
    }
}

TEST_CASE("deferred lets a superblock outlive umount -l though nobody holds it, the others do not",
          "[race][namespace]") {
    for (const auto* policy : kernel::namespace_policies()) {
        search_options o = up_to(1);
        o.stop_at_first = false;
        CAPTURE(policy->id());
        const auto r = search(world("ns_mkfs"), *policy, o);
        CHECK((r.state.reached[index_of(window::outlives_lazy)] > 0) == (policy->id() == "deferred"));
    }
}

TEST_CASE("a path walk in the way can make mainline's umount -l return too early as well", "[race][namespace]") {
    const auto outlives = [](const char* name) {
        return search(world(name), names("expedited"), up_to(2)).state.reached[index_of(window::outlives_lazy)] > 0;
    };
    CHECK(outlives("ns_walk_lazy"));
    CHECK_FALSE(outlives("ns_walk"));
}

TEST_CASE("both halves at once: what decides is the drain, whoever puts the mount last", "[race][both]") {
    for (const auto* under : kernel::namespace_policies()) {
        CAPTURE(under->id());
        CHECK(judge(world("both_delayed_put"), {&policy("base"), under}, up_to(2)).says == verdict::violates);
        for (const char* id : {"race", "rmbarrier", "persb"}) {
            const auto j = judge(world("both_delayed_put"), {&policy(id), under}, up_to(2));
            CAPTURE(id);
            CHECK(j.says == verdict::safe);
            CHECK(j.search.state.reached[index_of(window::dies_in_delayed_put)] > 0);
            CHECK(j.search.state.reached[index_of(window::prepared_unqueued)] > 0);
        }
    }
}

TEST_CASE("a world is searched under the policies of the halves that it has", "[race][namespace]") {
    const std::vector<const kernel::drain_policy*> drains{&policy("base"), &policy("persb")};
    const auto& all = kernel::namespace_policies();
    CHECK(subjects_of(world("offline_one"), drains, all).size() == 2);
    CHECK(subjects_of(world("ns_walk"), drains, all).size() == all.size());
    CHECK(subjects_of(world("both_delayed_put"), drains, all).size() == 2 * all.size());
    const std::vector all_of_it{judge(world("ns_alone"), names("on_demand"), up_to(1))};
    const auto document = nlohmann::json::parse(drainlab::report::to_json(document_of(all_of_it)));
    CHECK(document["results"][0]["policy"].is_null());
    CHECK(document["results"][0]["namespace_policy"] == "on_demand");
}

TEST_CASE("the story of deferred ends with the device that is busy, in the kernel's words",
          "[race][namespace][story]") {
    const auto j = judge(world("ns_mkfs"), names("deferred"), up_to(2));
    REQUIRE(j.example);
    const auto text = as_text(j.example->told, 120);
    std::size_t at = 0;
    for (const char* next : {"umount_tree", "queue_rcu_work", "umount2 returns 0", "Device or resource busy"}) {
        CAPTURE(next, text);
        at = text.find(next, at);
        REQUIRE(at != std::string::npos);
    }
    CHECK(j.example->told.rows.size() <= 12);
}

TEST_CASE("what a world of mounts may not say is refused with its line", "[race][world][namespace]") {
    const auto refused = [](const std::string& more) {
        const auto w = parse_world(
            "about = \"x\"\n[[superblock]]\nname = \"A\"\n[[mount]]\nsuperblock = \"A\"\nat = \"a\"\n" + more, "test");
        REQUIRE_FALSE(w);
        return w.error().message;
    };
    CHECK(refused("[[task]]\ndoes = \"umount\"\nsuperblock = \"A\"\n") == "test:7: 'A' is mounted: it ends by umount2");
    CHECK(refused("[[superblock]]\nname = \"A\"\n") == "test:8: there is a 'A' already");
    const std::string file = "[[file]]\nname = \"f\"\npath = \"a/f\"\n[[task]]\ndoes = \"close\"\nfile = \"f\"\n";
    CHECK(refused(file + "[[task]]\ndoes = \"dup_close\"\nfile = \"f\"\n") ==
          "test:13: another task closes 'f' already");
    CHECK(refused("[[task]]\ndoes = \"walk\"\npath = \"a\"\nnamespace = \"other\"\n") ==
          "test:10: 'namespace' is 'other', which is not declared above (init)");
}
