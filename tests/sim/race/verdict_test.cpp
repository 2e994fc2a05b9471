#include "tests/sim/race/worlds.hpp"

#include <set>

using namespace drainlab;
using namespace drainlab::race;
using namespace drainlab::race::test;

TEST_CASE("base has the race: found soon, told in at most twelve steps", "[race]") {
    for (const char* name : {"offline_one", "offline_umount", "container_exit", "shared_bdi", "late_comer"}) {
        CAPTURE(name);
        const auto j = judge(world(name), policy("base"), up_to(2));
        REQUIRE(j.says == verdict::violates);
        CHECK(j.search.state.schedules < 10'000);
        CHECK(j.search.counterexample->preemptions == 1);
        CHECK(j.example->what.invariant == "busy_inodes");
        CHECK(j.example->what.producer == "offline");
        CHECK(j.example->told.rows.size() <= 12);
        CHECK(j.example->told.last_words.starts_with("VFS: Busy inodes after unmount of "));
    }
}

TEST_CASE("race, rmbarrier and persb have it in no shipped world, at bound 2, and no verdict is vacuous", "[race]") {
    for (const char* id : {"race", "rmbarrier", "persb"}) {
        for (const char* name : shipped) {
            CAPTURE(id, name);
            const auto j = judge(world(name), policy(id), up_to(2));
            CHECK(j.says == verdict::safe);
            CHECK(j.search.exhausted);
            CHECK(j.search.state.violating == 0);
            for (const auto& w : j.windows)
                CHECK((w.reached > 0 || (!w.excluded_by.empty() && w.control_schedules > 0)));
        }
    }
}

TEST_CASE("the smallest worlds have no such schedule with any number of preemptions", "[race]") {
    for (const char* id : {"race", "rmbarrier", "persb"}) {
        for (const char* name : {"offline_one", "offline_umount", "container_exit"}) {
            CAPTURE(id, name);
            REQUIRE(world(name).unbounded);
            const auto j = judge(world(name), policy(id), up_to(-1));
            CHECK(j.says == verdict::safe);
        }
    }
}

TEST_CASE("two superblocks on one bdi under persb, at bound 3", "[race]") {
    CHECK(judge(world("shared_bdi"), policy("persb"), up_to(3)).says == verdict::safe);
}

TEST_CASE("what the older kernels did", "[race]") {
    const auto says = [](const char* id, const char* name) { return judge(world(name), policy(id), up_to(2)).says; };
    CHECK(says("none", "flusher") == verdict::violates);
    CHECK(says("none", "fsync") == verdict::violates);
    CHECK(says("pin_super", "flusher") == verdict::safe);
    CHECK(says("flush", "flusher") == verdict::violates);  // between call_rcu() and its callback
    CHECK(says("barrier", "flusher") == verdict::safe);    // its hole is behind s_umount
    CHECK(judge(world("flusher").without(shield::s_umount), policy("barrier"), up_to(2)).says == verdict::violates);
    CHECK(says("rework", "flusher") == verdict::safe);
    CHECK(says("rework", "offline_one") == verdict::violates);  // 5.14 brought the producer that nothing shields
}

TEST_CASE("a window that a lock keeps shut is named with it, and opens in the control run", "[race]") {
    const auto flusher = judge(world("flusher"), policy("persb"), up_to(2));
    CHECK(flusher.windows.at(0).reached == 0);
    CHECK(flusher.windows.at(0).excluded_by == "s_umount and sync");
    const auto fsync = judge(world("fsync"), policy("persb"), up_to(2));
    CHECK(fsync.windows.at(0).excluded_by == "open_file");
    const auto control = world("fsync").without(shield::open_file);
    const auto s = sched::parse_schedule(fsync.windows.at(0).control_schedule);
    REQUIRE(s);
    CHECK(run_schedule(control, policy("persb"), *s).reached[static_cast<std::size_t>(window::prepared_unqueued)]);
}

TEST_CASE("a wb is released while umount runs, and its cgroup dies while a switch towards it is under way",
          "[race][wb]") {
    for (const char* id : {"race", "rmbarrier", "persb"}) {
        CAPTURE(id);
        const auto j = judge(world("wb_release"), policy(id), up_to(3));
        CHECK(j.says == verdict::safe);
        CHECK(j.search.state.reached[index_of(window::wb_dies_targeted)] > 0);
        CHECK(j.search.state.reached[index_of(window::wb_released_in_umount)] > 0);
    }
    const auto r = search(world("wb_release"), policy("persb~no_wb_ref"), up_to(2));
    REQUIRE(r.counterexample);
    CHECK(r.findings.front().invariant == "use_after_free");
    CHECK(r.findings.front().message.find("bdi_writeback of pod") != std::string::npos);
}

TEST_CASE("the periodic flusher's turn comes in the middle of an unmount; s_umount and the sync shield it",
          "[race][flusher]") {
    const auto j = judge(world("flusher_turn"), policy("persb"), up_to(2));
    CHECK(j.says == verdict::safe);
    CHECK(j.search.state.reached[index_of(window::flusher_in_umount)] > 0);
    CHECK(j.windows.at(1).excluded_by == "s_umount and sync");
    CHECK(judge(world("flusher_turn").without(shield::s_umount), policy("barrier"), up_to(2)).says ==
          verdict::violates);
}

TEST_CASE("a page that becomes dirty during the sync is lost without the open file that keeps umount away",
          "[race][sync]") {
    const world_spec w = world("dirtied_in_sync");
    CHECK(judge(w, policy("persb"), up_to(2)).says == verdict::safe);
    const world_spec open = w.without(shield::open_file);
    std::set<std::string> broken;
    sched::depth_first choices;
    do {
        world_run run{open, policy("persb"), choices, options_of(open, 1)};
        for (const finding& f : run.run().findings) broken.insert(f.invariant);
    } while (choices.next());
    CHECK(broken.contains("dirty_after_death"));  // the page is thrown away
    CHECK(broken.contains("busy_inodes"));        // or its writer still holds the inode
}

TEST_CASE("Linux 5.2 to 5.13: a neighbour's switch that is uncounted before it is counted hides ours", "[race][sync]") {
    const auto j = judge(world("dirtied_neighbour"), policy("barrier"), up_to(3));
    REQUIRE(j.says == verdict::violates);
    CHECK(j.example->what.invariant == "busy_inodes");
    for (const char* id : {"rework", "base", "race", "rmbarrier", "persb", "persb_2019"}) {
        CAPTURE(id);
        CHECK(judge(world("dirtied_neighbour"), policy(id), up_to(2)).says == verdict::safe);
    }
}

TEST_CASE("a world without its producer proves nothing", "[race]") {
    world_spec w = world("offline_one");
    w.memcgs.front().offline = false;  // nobody asks for a switch
    CHECK(judge(w, policy("persb"), up_to(2)).says == verdict::vacuous);
}

TEST_CASE("a search that did not finish is inconclusive, never safe", "[race]") {
    search_options o = up_to(2);
    o.max_schedules = 10;
    CHECK(judge(world("shared_bdi"), policy("persb"), o).says == verdict::inconclusive);
    o.mode = search_mode::random;
    o.max_schedules = 2000;
    CHECK(judge(world("offline_one"), policy("persb"), o).says == verdict::inconclusive);
}

TEST_CASE("an interrupted search goes on where it was and ends with the same numbers", "[race][checkpoint]") {
    const auto w = world("shared_bdi");
    const auto whole = search(w, policy("persb"), up_to(1));
    search_options o = up_to(1);
    o.max_schedules = 100;
    auto part = search(w, policy("persb"), o);
    REQUIRE_FALSE(part.exhausted);
    o.max_schedules = UINT64_MAX;
    o.resume_from = part.state;
    const auto rest = search(w, policy("persb"), o);
    CHECK(rest.exhausted);
    CHECK(rest.state.schedules == whole.state.schedules);
    CHECK(rest.state.choice_points == whole.state.choice_points);
    CHECK(rest.state.reached == whole.state.reached);
}

TEST_CASE("every schedule repeats, step for step", "[race][determinism]") {
    for (const char* name : {"offline_umount", "shared_bdi", "flusher", "fsync"}) {
        CAPTURE(name);
        search_options o = up_to(1);
        o.verify_every = 3;
        const auto r = search(world(name), policy("rmbarrier"), o);
        CHECK(r.state.verified > 10);
    }
}

TEST_CASE("random and PCT find the race of base as well", "[race]") {
    for (const auto mode : {search_mode::random, search_mode::pct}) {
        search_options o = up_to(-1);
        o.mode = mode;
        o.max_schedules = 20000;
        const auto j = judge(world("late_comer"), policy("base"), o);
        CHECK(j.says == verdict::violates);
        CHECK_FALSE(run_schedule(world("late_comer"), policy("base"), *j.search.counterexample).findings.empty());
    }
}

TEST_CASE("a later bound sees all that an earlier one saw", "[race]") {
    const auto two = search(world("offline_umount"), policy("race"), up_to(2));
    const auto three = search(world("offline_umount"), policy("race"), up_to(3));
    CHECK(three.state.schedules > two.state.schedules);
    CHECK(three.state.reached[0] > two.state.reached[0]);
}

TEST_CASE("a held spinlock holds a grace period back: within list_lock nothing is overtaken by synchronize_rcu()",
          "[race][rcu]") {
    // Without its read-side section, rmbarrier is left with what preemption off
    // gives it: list_lock covers the prepare loop, not the queueing behind it.
    const auto violating = [](bool spinlock_is_reader) {
        world_spec w = world("offline_umount");
        w.spinlock_is_reader = spinlock_is_reader;
        search_options o = up_to(1);
        o.stop_at_first = false;
        const auto r = search(w, policy("rmbarrier~no_rcu_read_lock"), o);
        CHECK(r.exhausted);
        return r.state.violating;
    };
    CHECK(violating(true) > 0);
    CHECK(violating(true) < violating(false));
}

TEST_CASE("base fails with and without that, and so does rework: the gap is behind the lock", "[race][rcu]") {
    for (const char* id : {"base", "rework"})
        for (const bool is_reader : {true, false}) {
            world_spec w = world("container_exit");
            w.spinlock_is_reader = is_reader;
            const auto j = judge(w, policy(id), up_to(2));
            CAPTURE(id, is_reader);
            REQUIRE(j.says == verdict::violates);
            std::string switcher;
            for (const auto& row : j.example->told.rows) switcher += row.switcher;
            CHECK(switcher.find("preempted at isw_before_queue") != std::string::npos);
        }
}
