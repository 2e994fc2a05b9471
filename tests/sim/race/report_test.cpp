// Searches as lines, tables and documents; searches that run out of time or patience.
#include "controller/race/report.hpp"

#include "tests/sim/race/worlds.hpp"

using namespace drainlab;
using namespace drainlab::race;
using namespace drainlab::race::test;
using Catch::Contains;

namespace {

judgement judged() {
    judgement j;
    j.under = policy("persb");
    j.world = "fsync";
    j.says = verdict::safe;
    j.search.exhausted = true;
    auto& s = j.search.state;
    s.bound = 2;
    s.schedules = 1234;
    s.choice_points = 55;
    s.tasks = 4;
    s.seconds = 2;
    j.windows = {{window::prepared_unqueued, 7, "", 0, ""},
                 {window::umount_busy, 0, "open_file", 12, "1:A"},
                 {window::copy_busy, 0, "", 0, ""}};
    return j;
}

mutant_result killed() {
    mutant_result m;
    m.parent = "persb";
    m.mutant = "persb~lost_wakeup";
    m.world = "offline_one";
    m.killed = true;
    m.by = {"lost_wakeup", "nothing can run any more", ""};
    m.schedules = 12;
    return m;
}

mutant_result survivor() {
    auto m = killed();
    m.mutant = "persb~harmless";
    m.killed = false;
    m.schedules = 90;
    return m;
}

}  // namespace

TEST_CASE("a search in lines: verdict, speed, and of each window whether it was met or what kept it shut",
          "[race][report]") {
    CHECK(as_line(judged()) ==
          "persb       fsync           safe         bound 2        1234 schedules, 2.00 s, 617/s\n"
          "            55 choice points, 4 tasks\n"
          "            prepared_unqueued: reached by 7 schedules\n"
          "            umount_busy: excluded by open_file; without it reached after 12 schedules\n"
          "            copy_busy: not reached");
    auto j = judged();
    j.says = verdict::inconclusive;
    j.search.exhausted = false;
    j.search.state.bound = -1;
    j.search.state.explored = 0.125;
    j.windows.clear();
    CHECK(as_line(j) ==
          "persb       fsync           inconclusive bound none     1234 schedules, 2.00 s, 617/s, about 12.5 % done\n"
          "            55 choice points, 4 tasks");
}

TEST_CASE("options and bounds as one types them", "[race][report]") {
    CHECK(as_options(policy("persb")) == "--policy persb");
    CHECK(as_options(names("on_demand")) == "--namespace-policy on_demand");
    CHECK(as_options({&policy("base"), &names("deferred")}) == "--policy base --namespace-policy deferred");
    CHECK(bound_text(3) == "3");
    CHECK(bound_text(-1) == "none");
}

TEST_CASE("a mutant in a line and in a document: by what it was killed, or that it survived", "[race][report]") {
    CHECK(as_line(killed()) ==
          "persb~lost_wakeup                    killed by lost_wakeup, 12 schedules of offline_one");
    CHECK(as_line(survivor()) == "persb~harmless                       SURVIVED 90 schedules");
    const auto d = document_of(std::vector{killed(), survivor()});
    REQUIRE(d.mutants.size() == 2);
    CHECK(d.mutants[0].policy == "persb");
    CHECK(d.mutants[0].invariant == "lost_wakeup");
    CHECK(d.mutants[0].world == "offline_one");
    CHECK(d.mutants[0].message == "nothing can run any more");
    CHECK_FALSE(d.mutants[1].killed);
    CHECK_FALSE(d.mutants[1].invariant);
    CHECK_FALSE(d.mutants[1].world);
    CHECK(d.mutants[1].schedules == 90);
}

TEST_CASE("verdict tables: switches with and without the locks, mounts, and a matrix where a world has both",
          "[race][report]") {
    const std::vector<world_spec> worlds{world("offline_one"), world("flusher"), world("ns_mkfs"),
                                         world("both_delayed_put")};
    const auto bound = [](const world_spec&) { return 2; };
    const auto text = verdict_tables(worlds, {&policy("flush"), &policy("barrier"), &policy("base")},
                                     {&names("expedited"), &names("deferred")}, up_to(0), bound);
    CAPTURE(text);
    CHECK_THAT(text, Catch::StartsWith("| policy | kernel | offline_one | flusher | flusher, no s_umount |\n"
                                       "|---|---|---|---|---|\n"
                                       "| `flush` | "));
    // Before there was offline cleanup; then a hole that s_umount covers; then offline cleanup without anything.
    CHECK_THAT(text, Contains(" | no such producer | **busy_inodes** | **busy_inodes** |\n"));
    CHECK_THAT(text, Contains(" | no such producer | safe | **busy_inodes** |\n"));
    CHECK_THAT(text, Contains(" | **busy_inodes** | safe | safe |\n"));
    CHECK_THAT(text, Contains("\n\n| policy | kernel | ns_mkfs |\n|---|---|---|\n"));
    CHECK_THAT(text, Contains(std::string{"| `deferred` | "} + std::string{names("deferred").versions()} +
                              " | **device_busy** |\n"));
    CHECK_THAT(text, Contains("\n\n| both_delayed_put | `expedited` | `deferred` |\n|---|---|---|\n"));
    CHECK_THAT(text, Contains("\n| `flush` | no such producer | no such producer |\n"));
    CHECK_THAT(text, Contains("\n| `base` | **busy_inodes** | **busy_inodes** |\n"));
    auto hasty = up_to(1);
    hasty.max_schedules = 3;
    const auto none = verdict_tables({world("offline_one")}, {&policy("persb")}, {}, hasty, bound);
    CHECK_THAT(none, Contains(" | inconclusive |\n"));
    CHECK(verdict_tables({world("offline_one")}, {}, {&names("expedited")}, up_to(1), bound).empty());
}

TEST_CASE("a random search ends when its time is over, or when somebody says so", "[race]") {
    search_options o = up_to(-1);
    o.mode = search_mode::random;
    o.stop_at_first = false;
    o.max_seconds = 0;
    const auto late = search(world("offline_one"), policy("persb"), o);
    CHECK(late.state.schedules == 256);  // when it first looks
    CHECK_FALSE(late.exhausted);
    CHECK_FALSE(late.interrupted);
    o.max_seconds = 1e9;
    std::uint64_t told = 0;
    o.on_progress = [&](const search_state& s) {
        told = s.schedules;
        return false;
    };
    const auto stopped = search(world("offline_one"), policy("persb"), o);
    CHECK(stopped.interrupted);
    CHECK(told == 4096);
    CHECK(stopped.state.schedules == 4096);
}

TEST_CASE("an exhaustive search that ran out of time goes on where it was", "[race][checkpoint]") {
    const auto w = world("shared_bdi");
    const auto whole = search(w, policy("persb"), up_to(1));
    search_options o = up_to(1);
    o.max_seconds = 0;
    const auto part = search(w, policy("persb"), o);
    CHECK_FALSE(part.exhausted);
    CHECK(part.state.schedules < whole.state.schedules);
    o.max_seconds = 1e9;
    o.resume_from = part.state;
    const auto rest = search(w, policy("persb"), o);
    CHECK(rest.exhausted);
    CHECK(rest.state.schedules == whole.state.schedules);
    CHECK(rest.state.reached == whole.state.reached);
}
