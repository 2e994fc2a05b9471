// Strategies against each other on a machine and a daemon that the test plays.
#include "controller/strategy/run.hpp"
#include "tests/unit/strategy/played_ground.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drainlab;
using namespace drainlab::strategy;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

struct a_run {
    test::played_ground machine;
    test::played_drainfs drainfs{machine};
    options o;
    std::vector<json> heard;
    int stop_after = -1;

    a_run() {
        o.strategies = {kind::sync, kind::lazy};
        o.samples = 16;
        o.held_share = 0.5;
    }
    client::result<std::vector<row>> go() {
        return run_strategies_on(
            machine, {drainfs.daemon.socket(), drainfs.f.dir}, o,
            [&](const std::string& name, int done, int total) {
                heard.push_back({name, done, total});
            },
            [&] { return static_cast<int>(heard.size()) == stop_after; });
    }
    /// Mounts that are held in a round.
    int held(int round) const {
        const auto all = holders_of(o, round);
        return static_cast<int>(std::count_if(all.begin(), all.end(), [](auto h) { return h > 0ns; }));
    }
};

}  // namespace

TEST_CASE("each strategy has as many batches as its samples need, and one that is not counted", "[strategy]") {
    a_run r;
    const auto run = r.go();
    REQUIRE(run);
    REQUIRE(r.heard.size() == 6);
    for (int i = 0; i < 6; ++i) {
        CHECK(r.heard[static_cast<std::size_t>(i)][1] == i);
        CHECK(r.heard[static_cast<std::size_t>(i)][2] == 6);
    }
    for (int round = 0; round < 6; round += 2)  // both in each round, in random order
        CHECK(r.heard[static_cast<std::size_t>(round)][0] != r.heard[static_cast<std::size_t>(round) + 1][0]);
    CHECK(r.drainfs.wanted().size() == 48);
    CHECK(r.machine.still_open() == 0);
}

TEST_CASE("the strategies have the same holders, and differ in what they make of them", "[strategy]") {
    a_run r;
    const auto run = r.go();
    REQUIRE(run);
    REQUIRE(run.value().size() == 2);
    const auto& sync = run.value()[0].what;
    const auto& lazy = run.value()[1].what;
    const int held = r.held(1) + r.held(2);
    REQUIRE(held > 0);
    for (const auto* f : {&sync, &lazy}) {
        CHECK(f->unmounts == 16);
        CHECK(f->held == held);
        CHECK(f->batches.size() == 2);
        CHECK(f->return_ms->p50 == 1);
        CHECK(f->tries_mean == 1);
    }
    CHECK(sync.strategy == kind::sync);
    CHECK(lazy.strategy == kind::lazy);
    CHECK(sync.left_mounted + sync.unmounted == 16);
    CHECK(sync.left_mounted > 0);
    CHECK(sync.dead_ms->max == 1);  // what it unmounts is dead
    CHECK(lazy.unmounted == 16);
    CHECK(lazy.behind.max >= 1);
    CHECK(lazy.dead_ms->max > 1);
    for (const auto& row : run.value()) {
        CHECK(row.cell.scenario == "strategy");
        CHECK(row.cell.policy == "persb");
        CHECK(row.cell.samples == 16);
        CHECK(row.cell.umount_ms->p50 == 1);
    }
}

TEST_CASE("a run that is stopped has the batches until then", "[strategy]") {
    a_run r;
    r.stop_after = 0;
    const auto none = r.go();
    REQUIRE(none);
    REQUIRE(none.value().size() == 2);
    CHECK(none.value()[0].what.unmounts == 0);
    CHECK_FALSE(none.value()[0].what.return_ms);
    CHECK(r.drainfs.wanted().empty());
    r.stop_after = 4;
    const auto half = r.go();
    REQUIRE(half);
    CHECK(half.value()[0].what.unmounts == 8);
    CHECK(half.value()[1].what.unmounts == 8);
}

TEST_CASE("a batch that cannot be mounted ends the run", "[strategy]") {
    a_run r;
    r.drainfs.refuse_from = 20;
    const auto run = r.go();
    REQUIRE_FALSE(run);
    CHECK(run.error().message == "no room");
    CHECK(r.heard.size() == 3);
}

TEST_CASE("strategies whose daemon cannot be started are not run", "[strategy]") {
    const tests::own_folder f;
    options o;
    o.strategies = {kind::sync};
    o.profile = "zero";
    o.socket = f / "nowhere/d.sock";
    const auto run = run_strategies(
        o, [](const auto&, int, int) { FAIL("nothing is run"); }, [] { return false; });
    REQUIRE_FALSE(run);
    CHECK(run.error().exit == client::exit_code::usage);
    CHECK(run.error().message.find("there is no directory") != std::string::npos);
}
