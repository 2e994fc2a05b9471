// The table of `sim --compare`: every kind of figure, what is within its bounds, and what missed them.
#include "controller/sim/compare.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>

using namespace drainlab;
using Catch::Contains;

namespace {

constexpr const char* theirs = R"({
  "schema": "drainlab.reference/1", "name": "theirs", "source": "a mail", "profile": "p", "fitted": ["idle"],
  "within": {"umount_p50": 1.25, "parts": 1.5, "rcu": 1.5, "ratio": 1.2, "per_call": 1.5},
  "umount_ms": {"idle": {"base": {"p50": 100}, "persb": {"p50": 10}, "race": {"p50": 120}},
                "rounds": {"base": {"p50": 40, "max_of": 2}}},
  "parts_ms": {"idle": {"base": {"synchronize": 0, "barrier": 20, "flush": 10},
                        "persb": {"synchronize": 0, "barrier": 0, "flush": 3}}},
  "per_call_ms": {"base": 30}, "per_waiting_call_ms": {"base": 30}, "per_call_weights": {"idle": 5},
  "ratios": [{"of": "base", "to": "persb", "per_waiting_call": 10}],
  "rcu_ms": {"barrier": {"scenario": "idle", "policy": "base", "p50": 20, "p95": 30},
             "synchronize": {"scenario": "idle", "policy": "base", "p50": 9, "p95": 12},
             "expedited": {"scenario": "idle", "policy": "base", "p50": 1, "p95": 2},
             "switch": {"scenario": "idle", "policy": "base", "p50": 3, "p95": 4}},
  "own_cost_us": {"policy": "race", "theirs": 4, "above": 0, "below": 10},
  "order": [["race", "base", "persb"], "idle", "rounds"],
  "suspects": [{"scenario": "idle", "policy": "base", "cause": "their ticks"}],
  "leaves_out": ["the journal"]})";

report::cell cell_of(const char* scenario, const char* policy, double p50) {
    report::cell c;
    c.scenario = scenario;
    c.policy = policy;
    c.umount_ms.emplace();
    c.umount_ms->p50 = p50;
    return c;
}

/// Ours, which has it all and right.
report::result fitting() {
    auto base = cell_of("idle", "base", 100);
    base.drain.calls = base.drain.waited = 10;
    base.drain.total_ms = 300;
    base.drain.parts_ms = report::wait_parts{0, 20, 10};
    base.rcu_ms = {report::spread{9, 12.0, 0}, report::spread{20, 30.0, 0}, report::spread{1, 2.0, 0},
                   report::spread{3, {}, 0}};
    auto persb = cell_of("idle", "persb", 10);
    persb.drain.calls = 10;
    persb.drain.waited = 5;
    persb.drain.total_ms = 15;
    persb.drain.parts_ms = report::wait_parts{0, 0, 3};
    auto race = cell_of("idle", "race", 120);
    race.drain.calls = 10;
    race.drain.per_call_us = 2.5;
    auto rounds = cell_of("rounds", "base", 7);
    rounds.umount_ns = {1'000'000, 40'000'000, 40'000'000, 2'000'000};
    report::result r;
    r.run.profile = "p";
    r.cells = {base, persb, race, rounds};
    return r;
}

sim::compared compared_with(const report::result& ours, const std::string& text = theirs) {
    const tests::own_folder dir;
    const auto file = dir / "theirs.json";
    std::ofstream{file} << text;
    const auto r = sim::load_reference(file);
    INFO((r ? std::string{} : r.error().message));
    REQUIRE(r);
    return sim::compare(ours, r.value());
}

std::string row(const char* what, const char* ours, const char* their, const char* ratio, const char* rest = "") {
    return fmt::format("\n  {:<44}{:>10}{:>10}{:>8}  {}\n", what, ours, their, ratio, rest);
}

}  // namespace

TEST_CASE("every kind of figure has its row, and what fits is within its bounds", "[compare]") {
    const auto c = compared_with(fitting());
    CAPTURE(c.text);
    CHECK_THAT(c.text, Catch::StartsWith("compared with theirs: a mail\n\n"));
    CHECK_THAT(c.text, Contains(row("idle base", "100.00", "100.00", "1.00", "fitted")));
    CHECK_THAT(c.text, Contains(row("rounds base", "40.00", "40.00", "1.00", "predicted")));
    CHECK_THAT(c.text, Contains(row("idle base barrier", "20.00", "20.00", "1.00")));
    CHECK_THAT(c.text, !Contains("idle base synchronize "));  // of nothing there is no ratio
    CHECK_THAT(c.text, Contains(row("barrier p95", "30.00", "30.00", "1.00")));
    CHECK_THAT(c.text, Contains(row("synchronize p50", "9.00", "9.00", "1.00")));
    CHECK_THAT(c.text, Contains(row("expedited p95", "2.00", "2.00", "1.00")));
    CHECK_THAT(c.text, Contains(row("switch p50", "3.00", "3.00", "1.00")));
    CHECK_THAT(c.text, !Contains("switch p95"));  // ours is not known
    CHECK_THAT(c.text, Contains(row("base over all scenarios", "30.00", "30.00", "1.00")));
    CHECK_THAT(c.text, Contains(row("base / persb idle", "10.00", "10.00", "1.00")));
    CHECK_THAT(c.text, Contains(row("base / persb over all scenarios", "10.00", "10.00", "1.00")));
    CHECK_THAT(c.text, Contains("race in idle: 2.500 us a call that waits for nobody, theirs 4; above 0 and below 10: "
                                "yes\n"));
    CHECK_THAT(c.text, Contains("  order in idle: race > base > persb: yes\n"));
    CHECK_THAT(c.text, !Contains("order in rounds"));  // not all of them are there
    // 4 unmounts, 3 parts, 7 of RCU, 2 per call, 2 ratios, an own cost, an order.
    CHECK(c.figures == 20);
    CHECK(c.missed == 0);
    CHECK_THAT(c.text, Contains("\n  20 of 20 figures within their bounds\n  left out: the journal\n"));
}

TEST_CASE("a figure beyond its bounds is marked, counted, and told with its suspected cause", "[compare]") {
    auto ours = fitting();
    ours.cells[0].umount_ms->p50 = 126;
    ours.cells[1].umount_ms->p50 = 7.9;
    const auto c = compared_with(ours);
    CAPTURE(c.text);
    CHECK_THAT(c.text, Contains(row("idle base", "126.00", "100.00", "1.26", "MISS fitted")));
    CHECK_THAT(c.text, Contains("\n  missed: idle base (ratio 1.26): their ticks\n"));
    CHECK_THAT(c.text, Contains("\n  missed: idle persb (ratio 0.79): unknown\n"));
    CHECK_THAT(c.text, Contains("  order in idle: race > base > persb: MISS\n"));
    CHECK_THAT(c.text, Contains("\n  missed: order in idle\n"));
    CHECK_THAT(c.text, Contains("\n  17 of 20 figures within their bounds\n"));
    CHECK(c.missed == 3);
    ours.cells[0].umount_ms->p50 = 124;
    ours.cells[1].umount_ms->p50 = 8.1;
    CHECK(compared_with(ours).missed == 1);  // the order alone
}

TEST_CASE("a call that waits for nobody may not cost too much", "[compare]") {
    auto ours = fitting();
    ours.cells[2].drain.per_call_us = 10;
    const auto c = compared_with(ours);
    CHECK_THAT(c.text, Contains("above 0 and below 10: MISS\n"));
    CHECK_THAT(c.text, Contains("\n  missed: own cost of race in idle\n"));
    ours.cells[2].drain.waited = 1;  // then it is no such call
    CHECK(compared_with(ours).missed == 0);
}

TEST_CASE("what a run has not is not compared", "[compare]") {
    auto ours = fitting();
    ours.cells.resize(1);
    const auto c = compared_with(ours);
    CAPTURE(c.text);
    // idle base: an unmount, two parts, RCU, two per call.
    CHECK(c.figures == 12);
    CHECK(c.missed == 0);
    CHECK_THAT(c.text, !Contains("persb"));
    ours.cells[0].umount_ms.reset();
    CHECK(compared_with(ours).figures == 0);
}

TEST_CASE("per call is the mean over their scenarios, by their numbers of calls or by ours", "[compare]") {
    auto ours = fitting();
    ours.cells[3].drain.calls = 30;  // of which none waited
    ours.cells[3].drain.total_ms = 60;
    std::string text = theirs;
    const auto replace = [&](const std::string& what, const std::string& by) {
        text.replace(text.find(what), what.size(), by);
    };
    replace(R"("idle": 5)", R"("idle": 5, "rounds": 15)");
    // Theirs: 5 calls of 30 ms and 15 of 2 ms; 5 of them waited.
    CHECK_THAT(compared_with(ours, text).text,
               Contains(row("base over all scenarios", "9.00", "30.00", "0.30", "MISS ")));
    CHECK_THAT(compared_with(ours, text).text, Contains(row("base over all scenarios", "36.00", "30.00", "1.20")));
    replace(R"("idle": 5, "rounds": 15)", "");
    // Ours: 10 of 30 ms, 30 of 2 ms.
    CHECK_THAT(compared_with(ours, text).text,
               Contains(row("base over all scenarios", "9.00", "30.00", "0.30", "MISS ")));
}

TEST_CASE("that their figures are of another machine is said", "[compare]") {
    auto ours = fitting();
    ours.run.profile = "q";
    CHECK_THAT(compared_with(ours).text, Contains("note: those figures belong to profile p, this run has q\n"));
    CHECK_THAT(compared_with(fitting()).text, !Contains("note:"));
}
