#include "controller/experiment/bench.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace drainlab;
using namespace drainlab::experiment;

namespace {

/// Invents cycles, and notes what was asked of it.
class invented : public executor {
  public:
    result<void> begin(const scenario& s) override {
        log.push_back("begin " + s.name);
        return success();
    }
    result<cycle_outcome> cycle(const scenario& s, const std::string& policy) override {
        const int number = ++made[policy];
        log.push_back(policy);
        if (fails_at == total++) return failure{"connection_lost", "it died", {}, exit_code::broken, 0};
        cycle_outcome o;
        for (int i = 0; i < s.target.at_once; ++i) {
            report::umount_sample u;
            u.umount_ns = policy == "persb" ? 1'000'000 : 10'000'000;
            o.sample.umounts.push_back(u);
        }
        if (policy == repeats_every_other && number % 2 == 0) o.repeat = "no own switch was in flight";
        if (policy == not_held_every_other && number % 2 == 0) {
            o.repeat = "the gate did not hold an unmount";
            o.sample.umounts[0].held = false;
            o.sample.umounts[0].umount_ns = 5'000;
        }
        if (policy == violates) o.sample.violations.push_back({"busy_inodes", "VFS: Busy inodes", "offline"});
        return o;
    }
    std::vector<report::violation> end() override {
        log.emplace_back("end");
        return {};
    }

    std::vector<std::string> log;
    std::map<std::string, int> made;
    std::string violates, repeats_every_other, not_held_every_other;
    int fails_at = -1, total = 0;
};

bench_options four_samples() {
    bench_options o;
    scenario s;
    s.name = "idle";
    o.scenarios = {s};
    o.policies = {"base", "persb"};
    o.samples = 4;
    return o;
}

bench_outcome bench_with(const bench_options& o, invented& cycles) {
    return run_bench(o, cycles, [](const progress&) {});
}

}  // namespace

TEST_CASE("a warm-up per policy is made and not counted", "[bench]") {
    invented cycles;
    const auto out = bench_with(four_samples(), cycles);
    CHECK(out.complete);
    CHECK(out.exit == exit_code::fine);
    CHECK(cycles.made["base"] == 5);
    REQUIRE(out.cells.size() == 2);
    CHECK(out.cells[0].samples == 4);
    CHECK(out.cells[1].samples == 4);
    CHECK(cycles.log.front() == "begin idle");
    CHECK(cycles.log.back() == "end");
}

TEST_CASE("unmounts that the gate did not hold are kept apart, and are in no figure", "[bench]") {
    invented cycles;
    cycles.not_held_every_other = "base";
    const auto out = bench_with(four_samples(), cycles);
    CHECK(out.cells[0].samples == 4);
    REQUIRE(out.cells[0].umount_ms);
    CHECK(out.cells[0].umount_ms->min == 10.0);
    REQUIRE_FALSE(out.cells[0].not_held.empty());
    CHECK(out.cells[0].not_held[0].umount_ns == 5'000);
    REQUIRE(out.cells[0].observations.size() == 1);
    CHECK(out.cells[0].observations[0].find("the gate did not hold an unmount") != std::string::npos);
    CHECK(out.cells[1].not_held.empty());
}

TEST_CASE("with eight at once a sample is one unmount", "[bench]") {
    invented cycles;
    auto o = four_samples();
    o.samples = 20;
    o.scenarios[0].target.at_once = 8;
    const auto out = bench_with(o, cycles);
    CHECK(cycles.made["base"] == 4);
    CHECK(out.cells[0].samples == 24);
}

TEST_CASE("a failure keeps what there is and cleans up", "[bench]") {
    invented cycles;
    cycles.fails_at = 7;
    const auto out = bench_with(four_samples(), cycles);
    CHECK_FALSE(out.complete);
    CHECK(out.exit == exit_code::broken);
    CHECK(out.why->message == "it died");
    CHECK(out.cells[0].samples + out.cells[1].samples == 5);  // seven cycles, two of them warm-ups
    CHECK(cycles.log.back() == "end");
}

TEST_CASE("a cycle that says nothing is repeated and counted", "[bench]") {
    invented cycles;
    cycles.repeats_every_other = "base";
    const auto out = bench_with(four_samples(), cycles);
    CHECK(out.cells[0].samples == 4);
    REQUIRE(out.cells[0].observations.size() == 1);
    CHECK(out.cells[0].observations[0] == "4 cycles repeated: no own switch was in flight");
    CHECK(out.cells[1].observations.empty());
}

TEST_CASE("a violation ends the run with exit 1", "[bench]") {
    invented cycles;
    cycles.violates = "base";
    auto o = four_samples();
    SECTION("at once") {
        const auto out = bench_with(o, cycles);
        CHECK(out.exit == exit_code::violated);
        CHECK_FALSE(out.complete);
        CHECK(cycles.made["base"] == 1);
        CHECK(out.cells[0].violations.size() == 1);
    }
    SECTION("after all cells when told to keep going") {
        o.keep_going = true;
        const auto out = bench_with(o, cycles);
        CHECK(out.exit == exit_code::violated);
        CHECK(out.complete);
        CHECK(out.cells[0].samples == 4);
        CHECK(out.cells[0].violations.size() == 5);
    }
}

TEST_CASE("an expected violation is fine and its absence is not", "[bench]") {
    invented cycles;
    auto o = four_samples();
    o.expected_violations = {"base"};
    SECTION("it happens") {
        cycles.violates = "base";
        const auto out = bench_with(o, cycles);
        CHECK(out.exit == exit_code::fine);
        CHECK(out.complete);
    }
    SECTION("it does not") {
        const auto out = bench_with(o, cycles);
        CHECK(out.exit == exit_code::violated);
        CHECK(out.why->message == "no invariant was violated under base");
    }
    SECTION("another policy violates too") {
        cycles.violates = "persb";
        CHECK(bench_with(o, cycles).exit == exit_code::violated);
    }
}
