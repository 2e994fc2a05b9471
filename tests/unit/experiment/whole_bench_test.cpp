// The whole bench on an executor that invents: order, sampling, repeats,
// statistics, expectations, the bytes of the result. No machine.
#include "controller/experiment/bench.hpp"
#include "controller/experiment/expect.hpp"
#include "controller/result/write.hpp"
#include "fusefs/sched/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

using namespace drainlab;
using namespace drainlab::experiment;

namespace {

/// What an invented kernel's unmount takes under a policy, and how many of its calls wait.
struct behaviour {
    double median_ms = 1;
    double waited = 0;  ///< share of the calls
};

/// Draws unmounts around the medians, each within a factor of 1.3; now and then a cycle that says nothing.
class invented_kernel : public executor {
  public:
    invented_kernel(std::map<std::string, behaviour> policies, std::uint64_t seed)
        : policies_{std::move(policies)}, random_{seed} {}

    experiment::result<void> begin(const scenario&) override {
        REQUIRE_FALSE(under_way_);
        under_way_ = true;
        return success();
    }
    experiment::result<cycle_outcome> cycle(const scenario& s, const std::string& policy) override {
        REQUIRE(under_way_);
        order.push_back(policy);
        cycle_outcome o;
        for (int i = 0; i < s.target.at_once; ++i) o.sample.umounts.push_back(unmount(policies_.at(policy)));
        if (random_.below(10) == 0) o.repeat = "no own switch was in flight";
        return o;
    }
    std::vector<report::violation> end() override {
        under_way_ = false;
        return {};
    }

    std::vector<std::string> order;

  private:
    report::umount_sample unmount(const behaviour& b) {
        report::umount_sample u;
        u.umount_ns = static_cast<std::uint64_t>(b.median_ms * 1e6 * std::pow(1.3, 2 * random_.uniform() - 1));
        u.drain_calls = 1;
        u.drain_waited = random_.uniform() < b.waited ? 1 : 0;
        u.in_flight_at_entry = 1;
        return u;
    }

    std::map<std::string, behaviour> policies_;
    sched::random random_;
    bool under_way_ = false;
};

const std::map<std::string, behaviour> as_published{
    {"base", {92, 1}}, {"race", {119, 1}}, {"rmbarrier", {63, 1}}, {"persb", {5.3, 0}}};

scenario shipped(const std::string& name) {
    std::ifstream file{DRAINLAB_SOURCE_DIR "/workloads/scenarios/" + name + ".toml"};
    std::stringstream text;
    text << file.rdbuf();
    return parse_scenario(text.str(), name, name + ".toml").value();
}

struct whole_run {
    report::result result;
    std::vector<verdict> verdicts;
    std::vector<std::string> order;
};

whole_run run_everything(const std::map<std::string, behaviour>& kernel, std::uint64_t seed) {
    bench_options o;
    o.scenarios = {shipped("idle_cross_pressure")};
    o.policies = {"base", "race", "rmbarrier", "persb"};
    o.samples = 24;
    o.seed = seed;
    invented_kernel cycles{kernel, seed};
    auto made = run_bench(o, cycles, [](const progress&) {});
    REQUIRE(made.complete);
    whole_run out;
    out.order = cycles.order;
    out.result.cells = std::move(made.cells);
    report::finish(out.result, o.against, seed);
    for (const auto& e : o.scenarios[0].expect) out.verdicts.push_back(judge(out.result, o.scenarios[0].name, e));
    return out;
}

long count(const whole_run& r, verdict::outcome what) {
    return std::count_if(r.verdicts.begin(), r.verdicts.end(), [&](const verdict& v) { return v.what == what; });
}

}  // namespace

TEST_CASE("a kernel that behaves as published is measured as such, whatever the seed", "[bench]") {
    const auto seed = GENERATE(range(std::uint64_t{0}, std::uint64_t{12}));
    CAPTURE(seed);
    const auto run = run_everything(as_published, seed);
    CHECK(count(run, verdict::outcome::held) == 5);
    for (const auto& c : run.result.cells) {
        CHECK(c.samples == 24);
        CHECK_FALSE(c.weak);
        CHECK(c.umount_ms->p50 == Approx(as_published.at(c.policy).median_ms).epsilon(0.15));
    }
    REQUIRE(run.result.comparisons.size() == 3);
    for (const auto& c : run.result.comparisons) {
        const double truth = as_published.at(c.policy).median_ms / as_published.at("persb").median_ms;
        CHECK(c.p50_ratio == Approx(truth).epsilon(0.25));
        CHECK(c.ci95[0] <= c.p50_ratio);
        CHECK(c.p50_ratio <= c.ci95[1]);
    }
}

TEST_CASE("the same seed gives the same bytes, another seed another order", "[bench]") {
    const auto once = run_everything(as_published, 7), again = run_everything(as_published, 7);
    CHECK(report::to_json(once.result) == report::to_json(again.result));
    CHECK(once.order == again.order);
    CHECK(once.order != run_everything(as_published, 8).order);
}

TEST_CASE("a kernel in which every superblock pays misses what was expected", "[bench]") {
    auto kernel = as_published;
    kernel["persb"] = {80, 1};
    const auto run = run_everything(kernel, 3);
    REQUIRE(run.verdicts.size() == 5);
    CHECK(run.verdicts[0].what == verdict::outcome::missed);  // base / persb
    CHECK(run.verdicts[1].what == verdict::outcome::missed);  // the order
    CHECK(run.verdicts[2].what == verdict::outcome::held);    // the global policies waited
    CHECK(run.verdicts[3].what == verdict::outcome::missed);  // persb did not
    CHECK(run.verdicts[4].what == verdict::outcome::held);
}

TEST_CASE("a comparison with nothing in flight is called weak", "[bench]") {
    auto kernel = as_published;
    for (auto& [policy, b] : kernel) b = {2, 0};
    const auto run = run_everything(kernel, 3);
    CHECK(std::all_of(run.result.cells.begin(), run.result.cells.end(), [](const auto& c) { return c.weak; }));
}
