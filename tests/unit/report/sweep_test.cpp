// A sweep in sentences and pictures.
#include "controller/report/answer.hpp"
#include "controller/report/charts.hpp"
#include "controller/report/html.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::report;
using Catch::Contains;

namespace {

using point = std::map<std::string, std::string>;

cell at(const point& where, const std::string& policy, double p50) {
    cell c;
    c.scenario = "idle";
    c.policy = policy;
    c.point = where;
    c.samples = 1;
    c.umount_ns = {static_cast<std::uint64_t>(p50 * 1e6)};
    c.umount_ms.emplace();
    c.umount_ms->p50 = c.umount_ms->max = c.umount_ms->min = c.umount_ms->mean = p50;
    c.umount_ms->p50_ci95 = {p50 * 0.9, p50 * 1.1};
    return c;
}

/// base grows as the number of CPUs, persb as its root.
result over_cpus() {
    result r;
    r.run.mode = "sim";
    r.run.profile = "lab";
    for (const auto& [cpus, base, persb] : {std::tuple{"64", 64.0, 8.0}, {"4", 4.0, 2.0}, {"16", 16.0, 4.0}}) {
        r.cells.push_back(at({{"cpus", cpus}}, "base", base));
        r.cells.push_back(at({{"cpus", cpus}}, "persb", persb));
        r.comparisons.push_back({"idle", "base", "persb", base / persb, {1.5, 9}, {{"cpus", cpus}}});
    }
    return r;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

}  // namespace

TEST_CASE("a sweep's answer is one sentence: between which ratios its points lie", "[sweep]") {
    auto r = over_cpus();
    CHECK(answers(r) == std::vector<std::string>{
                            "idle, 3 points: an unmount takes from 2.0 times [1.5, 9.0] at cpus=4 to 8.0 times [1.5, "
                            "9.0] at cpus=64 as long under base as under persb."});
    r.comparisons.clear();
    CHECK(answers(r) == std::vector<std::string>{"idle, 3 points: nothing to compare with."});
}

TEST_CASE("how p50 grows is the power of the key, where it spans a factor of 8", "[sweep]") {
    CHECK(scaling_of(over_cpus()) ==
          std::vector<std::string>{"idle: p50 grows as cpus to the power of: base 1.00, persb 0.50"});
    auto few = over_cpus();
    few.cells.resize(4);  // two points are no curve
    CHECK(scaling_of(few).empty());
    auto near = over_cpus();
    for (auto& c : near.cells)
        if (c.point.at("cpus") == "64") c.point["cpus"] = "31";
    CHECK(scaling_of(near).empty());
    auto words = over_cpus();
    for (auto& c : words.cells) c.point["cpus"] += " or so";
    CHECK(scaling_of(words).empty());
}

TEST_CASE("the picture has a curve a policy, its points in the order of their values", "[sweep][svg]") {
    const auto all = sweep_charts(over_cpus(), "s");
    REQUIRE(all.size() == 1);
    CHECK(all[0].name() == "s0");
    const auto svg = all[0].markup();
    CHECK_THAT(svg, Contains("<title>idle: p50 over cpus</title>"));
    CHECK(count(svg, "<path class=\"curve ") == 2);
    CHECK(count(svg, "<circle class=\"m p0\"") == 3);
    // 4 to 64 is a factor of 16: a logarithmic axis, on which 16 lies in the middle.
    CHECK_THAT(svg, Contains("<text x=\"48.0\" y=\"176.0\" text-anchor=\"middle\">4</text>"));
    CHECK_THAT(svg, Contains("<text x=\"253.0\" y=\"176.0\" text-anchor=\"middle\">16</text>"));
    CHECK_THAT(svg, Contains("<text x=\"458.0\" y=\"176.0\" text-anchor=\"middle\">64</text>"));
    CHECK_THAT(svg, Contains("<title>base, idle, cpus=16: 16 ms [14.4, 17.6]</title>"));
}

TEST_CASE("the other keys have a panel each; words stand beside each other", "[sweep][svg]") {
    result r;
    for (const auto* hz : {"250", "100"})
        for (const auto* kind : {"quiet", "busy"}) r.cells.push_back(at({{"hz", hz}, {"load", kind}}, "base", 5));
    r.cells.push_back(at({{"hz", "100"}, {"load", "none"}}, "base", 5));
    r.cells.back().umount_ms.reset();  // without a sample there is no point
    const auto all = sweep_charts(r, "s");
    REQUIRE(all.size() == 2);
    const auto hz = all[0].markup(), load = all[1].markup();
    for (const auto* title : {">load=quiet</text>", ">load=busy</text>"}) CHECK_THAT(hz, Contains(title));
    for (const auto* title : {">hz=100</text>", ">hz=250</text>"}) CHECK_THAT(load, Contains(title));
    CHECK(count(hz, "<circle class=\"m p0\"") == 4);
    CHECK(load.find(">busy</text>") < load.find(">quiet</text>"));
}

TEST_CASE("the page has the pictures of a sweep and how it grows", "[sweep][html]") {
    document d;
    d.bench = over_cpus();
    const auto page = to_html({d});
    CHECK(count(page, "<figure class=\"sweep\">") == 1);
    CHECK_THAT(page, Contains("<p>idle: p50 grows as cpus to the power of: base 1.00, persb 0.50</p>"));
    CHECK_THAT(page, Contains("Simulated: all times are the model&#39;s (profile lab, swept CPUs, seed 0)."));
    const auto all = pictures({d});
    REQUIRE(all.size() == 7);  // samples and waterfall of each point
    CHECK(all[0].name == "idle__cpus_64-samples");
    CHECK(all.back().name == "sweep0");
}
