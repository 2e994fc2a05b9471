// A result of `bench --strategy`: its rows are ways to unmount.
#include "controller/report/charts.hpp"
#include "controller/report/export.hpp"
#include "controller/report/html.hpp"
#include "controller/report/view.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::report;
using Catch::Contains;

namespace {

cell way(const std::string& name, std::vector<std::uint64_t> ns) {
    cell c;
    c.scenario = "held";
    c.policy = "persb";
    c.samples = ns.size();
    c.umount_ns = std::move(ns);
    c.strategy.emplace();
    c.strategy->name = name;
    c.strategy->unmounts = 4;
    return c;
}

result two_ways() {
    auto sync = way("sync", {10'000'000, 12'500'000, 20'000'000});
    sync.strategy->held = sync.strategy->left_mounted = 1;
    sync.strategy->unmounted = 3;
    sync.strategy->success_rate = 0.75;
    sync.strategy->tries_mean = 1.5;
    sync.strategy->return_ms = {12.5, {}, {}, 20};
    sync.strategy->dead_ms = {14, 19.5, {}, 21};
    auto lazy = way("lazy", {500'000, 500'000, 600'000});
    lazy.strategy->unmounted = 4;
    lazy.strategy->success_rate = 1;
    lazy.strategy->tries_mean = 1;
    lazy.strategy->return_ms = {0.5, {}, {}, 0.6};
    lazy.strategy->backlog_max = 3;
    lazy.strategy->backlog_mean = 1.25;
    lazy.strategy->batches = {{{0, 1}, {5, 3}, {10, 0}}, {}, {{0, 1}, {10, 0}}};
    result r;
    r.environment.kernel = "6.1";
    r.environment.cpus = 4;
    r.run.umount = "syscall";
    r.run.profile = "lab";
    r.run.seed = 5;
    r.cells = {sync, lazy};
    return r;
}

constexpr const char* sync_says =
    "sync: 75 % of 4 unmounts went through, the call took 12.5 ms, the superblock was dead after 14 ms (p50); none "
    "still lived when the caller took it for gone.";
constexpr const char* lazy_says =
    "lazy: 100 % of 4 unmounts went through, the call took 0.5 ms (p50); up to 3 still lived when the caller took them "
    "for gone.";
constexpr const char* made =
    "Measured: the wall clock around a real umount2() (kernel 6.1, 4 CPUs). Modelled: grace periods, barriers and "
    "switches inside it (profile lab, seed 5).";

}  // namespace

TEST_CASE("a sentence says of each strategy how often it went through, and what lived on", "[strategy]") {
    CHECK(strategy_answers(two_ways()) == std::vector<std::string>{sync_says, lazy_says});
    auto none = two_ways();
    for (auto& c : none.cells) c.strategy->unmounts = 0;
    CHECK(strategy_answers(none).empty());
    CHECK(strategy_tables(none).empty());
}

TEST_CASE("three tables: what became of them, the call, the death; a dash where nothing was measured", "[strategy]") {
    const auto all = strategy_tables(two_ways());
    REQUIRE(all.size() == 3);
    using row = std::vector<std::string>;
    CHECK(all[0].rows[0] == row{"sync", "4", "1", "3", "0", "1", "1.5", "0", "0.00"});
    CHECK(all[0].rows[1] == row{"lazy", "4", "0", "4", "0", "0", "1.0", "3", "1.25"});
    CHECK(all[1].rows[0] == row{"sync", "12.500", "-", "-", "20.000"});
    CHECK(all[2].rows[0] == row{"sync", "14.000", "19.500", "-", "21.000"});
    CHECK(all[2].rows[1] == row{"lazy", "-", "-", "-", "-"});
}

TEST_CASE("the text and the Markdown have sentences, tables and what was modelled, and no table of policies",
          "[strategy]") {
    auto r = two_ways();
    r.complete = false;
    r.cells[0].observations = {"one was busy"};
    const auto text = to_text(r, {});
    CHECK_THAT(text, Catch::StartsWith("sync: 75 % of 4 unmounts went through, the call took 12.5 ms"));
    CHECK_THAT(text, Contains("\nIncomplete: the run ended before all samples were taken.\n"));
    CHECK_THAT(text, Contains("\nUntil the call returned, ms\n"));
    CHECK_THAT(text, Contains("\n  sync: one was busy\n"));
    CHECK_THAT(text, !Contains("umount, ms"));
    const auto md = to_markdown(two_ways(), {});
    CHECK(md.starts_with(std::string{"- "} + sync_says + "\n- " + lazy_says + "\n\n**What became of the unmounts**\n"));
    CHECK_THAT(md, Contains("\n| sync | 12.500 | - | - | 20.000 |\n"));
    CHECK(md.ends_with(std::string{"\n"} + made + "\n"));
}

TEST_CASE("other tools see the strategy beside the policy", "[strategy]") {
    const auto r = two_ways();
    CHECK(path_of(r.cells[0]) == "held/persb/sync");
    CHECK_THAT(to_csv(r), Catch::StartsWith("scenario,policy,namespace_policy,mounts,strategy,samples,"));
    CHECK_THAT(to_csv(r), Contains("\nheld,persb,,drainfs,lazy,3,"));
    CHECK_THAT(to_hyperfine(r), Contains("\"strategy\": \"sync\""));
    const auto metrics = to_openmetrics(r);
    const std::string sync = "{scenario=\"held\",policy=\"persb\",mounts=\"drainfs\",strategy=\"sync\"}";
    CHECK_THAT(metrics, Contains("drainlab_strategy_unmounts_total" + sync + " 4\n"));
    CHECK_THAT(metrics, Contains("drainlab_strategy_left_mounted_total" + sync + " 1\n"));
    CHECK_THAT(metrics, Contains("# TYPE drainlab_strategy_backlog_max gauge\n"));
    CHECK_THAT(metrics, Contains("strategy=\"lazy\"} 3\n"));
}

TEST_CASE("the page says the same, and draws the order and the backlog", "[strategy][html]") {
    document d;
    d.bench = two_ways();
    d.bench->cells[0].umount_ms = umount_figures{};
    const auto page = to_html({d});
    CHECK_THAT(page, Contains(std::string{"<p class=\"answer\">"} + sync_says));
    CHECK_THAT(page, Contains("<h3>Until the superblock was really dead, ms</h3>"));
    CHECK_THAT(page, Contains("<td>14.000</td><td>19.500</td><td>-</td><td>21.000</td>"));
    CHECK_THAT(page, Contains("<h3>In the order of measuring</h3>"));
    CHECK_THAT(page, Contains("<h3>What the caller takes for gone, and still lives</h3>"));
    std::vector<std::string> names;
    for (const auto& p : pictures({d})) names.push_back(p.name);
    CHECK(names == std::vector<std::string>{"held-samples", "held-waterfall", "held-backlog", "held-order"});
}

TEST_CASE("the backlog is a staircase, batch after batch, up to the most that lived", "[strategy][svg]") {
    const auto r = two_ways();
    const auto all = backlog_chart({&r.cells[0], &r.cells[1]}, "b");
    REQUIRE(all.size() == 1);
    const auto svg = all[0].markup();
    // From x 44 to 470 lie 20 ms; 3 of 3.3 lie at 140 - 116 * 3 / 3.3.
    CHECK_THAT(svg, Contains("d=\"M44.0 140.0H44.0V104.8H150.5V34.5H257.0V140.0H257.0V104.8H470.0V140.0H470.0\""));
    CHECK_THAT(svg, Contains("<path class=\"curve p0\" d=\"M44.0 140.0H44.0\"/>"));  // of sync nothing was recorded
    CHECK(backlog_chart({&r.cells[0]}, "b").empty());
}

TEST_CASE("in the order of measuring, a dot is the return and a ring the death", "[strategy][svg]") {
    auto r = two_ways();
    auto& c = r.cells[0];
    for (const auto ns : c.umount_ns) {
        umount_sample s;
        s.umount_ns = ns;
        c.unmounts.push_back(s);
    }
    c.unmounts[1].dead_ns = 40'000'000;
    const auto svg = order_chart({&c}, "o").front().markup();
    std::size_t dots = 0, rings = 0;
    for (auto at = svg.find("class=\"f p0\""); at != std::string::npos; at = svg.find("class=\"f p0\"", at + 1)) ++dots;
    for (auto at = svg.find("class=\"ring p0\""); at != std::string::npos; at = svg.find("class=\"ring p0\"", at + 1))
        ++rings;
    CHECK(dots == 3);
    CHECK(rings == 1);
    CHECK_THAT(svg, Contains("<text x=\"44.0\" y=\"190.0\" class=\"name p0\">sync</text>"));
}
