#include "controller/experiment/expect.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::experiment;
using drainlab::report::cell;
using drainlab::report::umount_figures;
using outcome = verdict::outcome;

namespace {

cell with_p50(const std::string& policy, double p50, double half_width = 0.1) {
    cell c;
    c.scenario = "s";
    c.policy = policy;
    c.samples = 40;
    c.umount_ms = umount_figures{p50, p50, p50, p50, p50, p50, {p50 - half_width, p50 + half_width}};
    c.drain.calls = 40;
    c.drain.waited = policy == "persb" ? 0 : 38;
    c.switches.queued = 100;
    c.switches.by_producer = {99, 1, 0};
    return c;
}

drainlab::report::result measured() {
    drainlab::report::result r;
    r.cells = {with_p50("base", 44), with_p50("race", 55), with_p50("rmbarrier", 35), with_p50("persb", 4)};
    return r;
}

expectation ratio(double at_least) {
    expectation e;
    e.kind = "p50_ratio";
    e.policy = "base";
    e.against = "persb";
    e.at_least = at_least;
    return e;
}

expectation about(const std::string& kind, std::vector<std::string> policies) {
    expectation e;
    e.kind = kind;
    e.policies = std::move(policies);
    return e;
}

}  // namespace

TEST_CASE("a ratio of medians is held against its bound", "[expect]") {
    CHECK(judge(measured(), "s", ratio(5)).what == outcome::held);
    CHECK(judge(measured(), "s", ratio(12)).what == outcome::missed);
    CHECK(judge(measured(), "s", ratio(5)).text.find("11.00") != std::string::npos);
}

TEST_CASE("what is not in the run is skipped, not passed", "[expect]") {
    auto r = measured();
    r.cells.pop_back();
    CHECK(judge(r, "s", ratio(5)).what == outcome::skipped);
    CHECK(judge(measured(), "another", ratio(5)).what == outcome::skipped);
}

TEST_CASE("medians must fall strictly in the order given", "[expect]") {
    CHECK(judge(measured(), "s", about("p50_order", {"race", "base", "rmbarrier", "persb"})).what == outcome::held);
    CHECK(judge(measured(), "s", about("p50_order", {"base", "race", "rmbarrier"})).what == outcome::missed);
    CHECK(judge(measured(), "s", about("p50_order", {"base", "base"})).what == outcome::missed);
}

TEST_CASE("equal within noise means overlapping intervals, or a factor that is small enough", "[expect]") {
    drainlab::report::result r;
    r.cells = {with_p50("base", 2.00), with_p50("persb", 2.10)};
    auto e = about("p50_equal", {"base", "persb"});
    CHECK(judge(r, "s", e).what == outcome::held);
    r.cells = {with_p50("base", 2.00), with_p50("persb", 2.30)};
    CHECK(judge(r, "s", e).what == outcome::missed);
    e.at_most = 1.2;
    CHECK(judge(r, "s", e).what == outcome::held);
}

TEST_CASE("shares of calls that waited, switches by producer and violations are judged per policy", "[expect]") {
    auto e = about("waited", {"base", "race"});
    e.at_least = 0.9;
    CHECK(judge(measured(), "s", e).what == outcome::held);
    e.policies.push_back("persb");
    CHECK(judge(measured(), "s", e).what == outcome::missed);

    auto s = about("switches", {"persb"});
    s.producer = "offline";
    s.at_least = 1;
    CHECK(judge(measured(), "s", s).what == outcome::held);
    s.producer = "blkcg";
    CHECK(judge(measured(), "s", s).what == outcome::missed);

    auto r = measured();
    CHECK(judge(r, "s", about("no_violation", {"base"})).what == outcome::held);
    r.cells[0].violations.push_back({"busy_inodes", "VFS: Busy inodes after unmount of t (drainfs)", "offline"});
    CHECK(judge(r, "s", about("no_violation", {"base"})).what == outcome::missed);
}
