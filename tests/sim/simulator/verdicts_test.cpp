// What a run means for the exit code, what it may not be, and what it tells meanwhile.
#include "tests/sim/simulator/runs.hpp"

#include <map>

using namespace drainlab;
using namespace drainlab::tests;

namespace {

/// `none` frees what a switch of the target's own still needs.
sim::grid racy() {
    auto g = grid_of({"target_in_flight"}, {"none", "persb"}, 5);
    g.bench.keep_going = true;
    return g;
}

}  // namespace

TEST_CASE("a violation that nobody expects fails the run, and says how to see it again", "[sim][verdict]") {
    auto g = racy();
    const auto made = sim::run_grid(g, {}, {});
    CHECK(made.complete);
    CHECK(made.exit == words::exit_code::violated);
    REQUIRE(made.why);
    CHECK(made.why->message == "an invariant was violated under none");
    CHECK(made.why->hint == "to see it again: scenario target_in_flight, policy none, seed 1");
    CHECK(made.cells.size() == 2);
    g.points = sim::points_of({{"hz", {"250"}}});
    CHECK(sim::run_grid(g, {}, {}).why->hint ==
          "to see it again: scenario target_in_flight, policy none, seed 1, in this sweep");
}

TEST_CASE("one that is expected is fine, and fails the run if it does not come", "[sim][verdict]") {
    auto g = racy();
    g.bench.expected_violations = {"none", "base"};  // of base there is no cell
    CHECK(sim::run_grid(g, {}, {}).exit == words::exit_code::fine);
    g.bench.expected_violations = {"none", "persb"};
    const auto made = sim::run_grid(g, {}, {});
    CHECK(made.exit == words::exit_code::violated);
    REQUIRE(made.why);
    CHECK(made.why->message == "no invariant was violated under persb");
}

TEST_CASE("a violation ends the run where it is not to go on", "[sim][verdict]") {
    auto g = racy();
    g.bench.keep_going = false;
    const auto made = sim::run_grid(g, {}, {});
    CHECK_FALSE(made.complete);
    CHECK(made.exit == words::exit_code::violated);
    REQUIRE(made.cells.size() == 1);
    CHECK(made.cells.front().policy == "none");
}

TEST_CASE("a point that the machine cannot have is refused before anything runs", "[sim][verdict]") {
    auto g = racy();
    g.points = {{{"hz", "100"}}, {{"hz", "9"}}};
    const auto made = sim::run_grid(g, {}, {});
    CHECK_FALSE(made.complete);
    CHECK(made.exit == words::exit_code::usage);
    CHECK(made.cells.empty());
    REQUIRE(made.why);
    CHECK(made.why->message.starts_with("hz=9: "));
}

TEST_CASE("wake_from_gp follows the CPUs of a point unless the point has it", "[sim][sweep]") {
    auto g = grid_of({"idle_cross_pressure"}, {"base"}, 6);
    g.machine.profile.wake_from_gp = true;
    g.points = {
        {{"cpus", "32"}}, {{"cpus", "32"}, {"wake_from_gp", "false"}}, {{"cpus", "32"}, {"wake_from_gp", "true"}}};
    CHECK(sim::cells_of(g) == 3);
    const auto cells = sim::run_grid(g, {}, {}).cells;
    REQUIRE(cells.size() == 3);
    CHECK(cells[0].umount_ns == cells[1].umount_ns);
    CHECK(cells[0].umount_ns != cells[2].umount_ns);
}

TEST_CASE("whoever listens hears of every cycle, up to the last", "[sim][progress]") {
    auto g = grid_of({"idle_cross_pressure"}, {"base", "persb"}, 5);
    g.jobs = 2;
    int before = 0, total = 0;
    bool rises = true;
    std::map<std::string, int> heard;
    const auto tell = [&](const experiment::progress& now) {
        rises = rises && now.done >= before;
        before = now.done;
        total = now.total;
        ++heard[now.policy];
        CHECK(now.scenario == "idle_cross_pressure");
    };
    CHECK(sim::run_grid(g, tell, {}).complete);
    CHECK(rises);
    CHECK(total == 12);  // five of each, and one of each to warm up
    CHECK(before >= total - 2);
    CHECK(heard.size() == 2);
}

TEST_CASE("an overlay's unmount syncs the whole upper superblock, a volatile one's does not", "[sim][overlay]") {
    const auto r = simulate(grid_of({"overlay_upper", "overlay_upper_volatile"}, {"persb"}, 10));
    CHECK(p50(r, "overlay_upper", "persb") > 1.2 * p50(r, "overlay_upper_volatile", "persb"));
}
