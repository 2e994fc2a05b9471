// Sweeps, shards and their merge; the same seed gives the same bytes.
#include "controller/result/read.hpp"
#include "controller/result/write.hpp"
#include "tests/sim/simulator/runs.hpp"

#include <algorithm>
#include <atomic>

using namespace drainlab;
using namespace drainlab::tests;

namespace {

sim::grid small() {
    auto g = grid_of({"idle_cross_pressure", "own_churn"}, {"base", "persb"}, 4);
    g.points = sim::points_of({{"hz", {"250", "100"}}, {"cpus", {"4", "32"}}});
    return g;
}

}  // namespace

TEST_CASE("the same seed gives the same bytes, another one does not", "[sim]") {
    auto g = small();
    const auto first = report::to_json(simulate(g)), second = report::to_json(simulate(g));
    CHECK(first == second);
    g.bench.seed = 2;
    CHECK(report::to_json(simulate(g)) != first);
}

TEST_CASE("any number of threads gives the bytes of one, and what one that is stopped keeps", "[sim][jobs]") {
    auto g = small();
    const auto one = report::to_json(simulate(g));
    for (const int jobs : {2, 5, 50}) {
        g.jobs = jobs;
        CHECK(report::to_json(simulate(g)) == one);
    }
    std::atomic<int> asked{0};
    const auto cut = sim::run_grid(g, {}, [&] { return ++asked > 40; });
    CHECK_FALSE(cut.complete);
    CHECK(cut.exit == words::exit_code::interrupted);
    for (std::size_t n = 0; n < cut.cells.size(); ++n) CHECK(cut.cells[n].place == n);
}

TEST_CASE("a cell does not depend on the other cells of a run", "[sim]") {
    const auto all = simulate(grid_of({"idle_cross_pressure"}, {"base", "race", "persb"}, 5));
    const auto alone = simulate(grid_of({"idle_cross_pressure"}, {"race"}, 5));
    CHECK(report::find_cell(all, "idle_cross_pressure", "race")->umount_ns == alone.cells.front().umount_ns);
}

TEST_CASE("a row is a policy on a machine of its own", "[sim][rows]") {
    auto g = grid_of({"idle_cross_pressure"}, {"base"}, 5);
    const auto as_ever = simulate(g);
    auto other = g.machine;
    other.profile.hz = 250;
    g.rows = {{"base@a", "base", g.machine}, {"base@b", "base", other}};
    const auto both = simulate(g);
    REQUIRE(both.cells.size() == 2);
    CHECK(both.cells[0].policy == "base@a");
    CHECK(both.cells[0].policy_seen == "base");
    CHECK(both.cells[0].umount_ns == as_ever.cells[0].umount_ns);
    CHECK(both.cells[1].umount_ns != as_ever.cells[0].umount_ns);
}

TEST_CASE("shards, read back and put together, are the whole run", "[sim]") {
    const auto whole = simulate(small());
    REQUIRE(whole.cells.size() == 16);
    report::result joined = whole;
    joined.cells.clear();
    for (int i = 3; i >= 1; --i) {  // in any order
        auto g = small();
        g.part = {i, 3};
        const auto read = report::read_json(report::to_json(simulate(g)));
        INFO(read.error);
        REQUIRE(read);
        joined.cells.insert(joined.cells.end(), read.value->cells.begin(), read.value->cells.end());
    }
    std::sort(joined.cells.begin(), joined.cells.end(),
              [](const auto& a, const auto& b) { return *a.place < *b.place; });
    report::finish_points(joined, "persb", 1);
    CHECK(report::to_json(joined) == report::to_json(whole));
}

TEST_CASE("samples of one cell from several runs add up", "[sim]") {
    auto g = grid_of({"idle_cross_pressure"}, {"base"}, 6);
    auto one = simulate(g);
    g.bench.seed = 2;
    const auto two = simulate(g);
    auto& c = one.cells.front();
    const auto calls = c.drain.calls;
    report::merge_cell(c, two.cells.front());
    CHECK(c.samples == 12);
    CHECK(c.umount_ns.size() == 12);
    CHECK(c.drain.calls == calls + two.cells.front().drain.calls);
    CHECK(c.umount_ms->max ==
          Approx(std::max(static_cast<double>(*std::max_element(c.umount_ns.begin(), c.umount_ns.end())) / 1e6, 0.0)));
    CHECK(c.histograms.at("barrier").count() > 0);
}

TEST_CASE("what a sweep may not be is refused with a reason", "[sim]") {
    sim::machine_options m;
    CHECK(sim::parse_sweep({"hz=100", "250"}, m).value().front().second.size() == 2);
    CHECK(sim::parse_sweep({"hs=100"}, m).error().hint == "did you mean 'hz'?");
    CHECK(sim::parse_sweep({"hz=fast"}, m).error().message.find("an integer from 10 to 2000") != std::string::npos);
    CHECK_FALSE(sim::parse_sweep({"100"}, m));
    CHECK_FALSE(sim::parse_shard("0/4"));
    CHECK_FALSE(sim::parse_shard("5/4"));
    CHECK(sim::parse_shard("4/4").value().number == 4);
}
