// Formats of other tools, and which of them a file's ending means.
#include "controller/report/export.hpp"
#include "controller/report/html.hpp"
#include "controller/report/text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace drainlab::report;
using Catch::Contains;
using nlohmann::json;

namespace {

cell measured() {
    cell c;
    c.scenario = "idle";
    c.policy = "base";
    c.umount_ns = {1'000'000, 2'000'000, 6'000'000};
    c.samples = 3;
    c.umount_ms = umount_figures{};
    c.umount_ms->p50 = 2;
    c.umount_ms->max = 6;
    c.umount_ms->p50_ci95 = {1, 6};
    return c;
}

document of(const cell& c) {
    document d;
    d.file = "b.json";
    d.bench.emplace();
    d.bench->cells = {c};
    return d;
}

}  // namespace

TEST_CASE("an ending names its format, .json none", "[export]") {
    CHECK(format_by_ending("a.csv") == "csv");
    CHECK(format_by_ending("a.hgrm") == "hgrm");
    CHECK(format_by_ending("a.xml") == "junit");
    CHECK(format_by_ending("a.tap") == "ktap");
    CHECK(format_by_ending("a.prom") == "openmetrics");
    CHECK(format_by_ending("a.trace") == "ftrace");
    CHECK(format_by_ending("csv.md") == "markdown");
    CHECK_FALSE(format_by_ending("a.json"));
    CHECK_FALSE(format_by_ending("csv"));
}

TEST_CASE("a path names mounts that are not drainfs, and the point of a sweep", "[export]") {
    auto c = measured();
    CHECK(path_of(c) == "idle/base");
    c.mounts = "tmpfs";
    c.point = {{"cpus", "4"}, {"hz", "100"}};
    CHECK(path_of(c, '-') == "idle-tmpfs-base-cpus=4-hz=100");
}

TEST_CASE("hyperfine is given seconds and their moments; no deviation of one sample", "[export]") {
    result r;
    auto one = measured();
    one.umount_ns = {4'000'000};
    auto none = measured();
    none.umount_ns.clear();
    r.cells = {measured(), one, none};
    const auto all = json::parse(to_hyperfine(r))["results"];
    REQUIRE(all.size() == 2);
    CHECK(all[0]["command"] == "umount idle/base");
    CHECK(all[0]["mean"].get<double>() == Approx(0.003));
    CHECK(all[0]["median"].get<double>() == Approx(0.002));
    CHECK(all[0]["stddev"].get<double>() == Approx(0.00264575));
    CHECK(all[0]["min"].get<double>() == Approx(0.001));
    CHECK(all[0]["max"].get<double>() == Approx(0.006));
    CHECK(all[1]["stddev"].is_null());
}

TEST_CASE("Google Benchmark is given a row per unmount, and the machine", "[export]") {
    auto d = of(measured());
    d.bench->environment.cpus = 4;
    d.bench->environment.governor = "powersave";
    d.bench->run.load_average = {0.5, 1};
    d.bench->run.command = {"drainctl", "bench"};
    const auto j = json::parse(to_benchmark(*d.bench));
    REQUIRE(j["benchmarks"].size() == 3);
    CHECK(j["benchmarks"][1]["name"] == "idle/base");
    CHECK(j["benchmarks"][1]["real_time"] == 2.0);
    CHECK(j["benchmarks"][1]["repetition_index"] == 1);
    CHECK(j["context"]["num_cpus"] == 4);
    CHECK(j["context"]["cpu_scaling_enabled"] == true);
    CHECK(j["context"]["load_avg"] == json::array({0.5}));
    CHECK(j["context"]["executable"] == "drainctl");
}

TEST_CASE("a histogram file a cell: percentiles, mean and deviation in ms", "[export]") {
    auto d = of(measured());
    auto none = measured();
    none.umount_ns.clear();
    d.bench->cells.push_back(none);
    const auto files = export_as("hgrm", d);
    REQUIRE(files.size() == 1);
    CHECK(files[0].part == "idle-base");
    const auto& text = files[0].text;
    CHECK_THAT(text, Catch::StartsWith("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
    CHECK_THAT(text, Contains("       6.000 1.000000000000          3\n"));
    CHECK_THAT(text, Contains("#[Mean    =        3.000, StdDeviation   =        2.160]\n"));
    CHECK_THAT(text, Contains("#[Max     =        6.000, Total count    =            3]\n"));
    CHECK(export_as("no such format", d).empty());
}

TEST_CASE("buckets of an unmount's seconds accumulate", "[export]") {
    const auto text = to_openmetrics(*of(measured()).bench);
    const std::string labels = "{scenario=\"idle\",policy=\"base\",mounts=\"drainfs\"";
    CHECK_THAT(text, Contains("drainlab_umount_seconds_bucket" + labels + ",le=\"0.0016\"} 1\n"));
    CHECK_THAT(text, Contains("drainlab_umount_seconds_bucket" + labels + ",le=\"+Inf\"} 3\n"));
    CHECK_THAT(text, Contains("drainlab_umount_seconds_sum" + labels + "} 0.009000000\n"));
    CHECK(text.ends_with("# EOF\n"));
}

TEST_CASE("drain and switches have rows of their own, on the page and in the text", "[text][html]") {
    auto c = measured();
    c.drain.calls = 3;
    c.drain.waited = 2;
    c.drain.total_ms = 9;
    c.drain.per_call_us = 3000;
    c.drain.in_flight_mean = 1.5;
    c.drain.parts_ms = wait_parts{0, 2.5, 1};
    c.switches = {4, 3, 12, {1, 2, 1}};
    c.weak = true;
    const auto d = of(c);
    const auto text = to_text(*d.bench, {});
    CHECK_THAT(text, Contains("  base              3       2       1.5     3.000          0.0      2.5    1.0\n"));
    CHECK_THAT(text, Contains("  base               4       3      12       1        2      1\n"));
    CHECK_THAT(text, Contains("  weak: fewer than 90 % of the global policies' calls found switches in flight\n"));
    CHECK_THAT(to_html({d}), Contains("<tr><td>base</td><td>3</td><td>2</td><td>3</td><td>0</td><td>2.5</td><td>1</td>"
                                      "<td>1.5</td><td>1</td><td>2</td><td>1</td></tr>"));
    c.drain.parts_ms = wait_parts{};  // persb waits for nothing but its own switches
    CHECK_THAT(to_text(*of(c).bench, {}), Contains("its own switches: 4.5\n"));
}

TEST_CASE("somebody else's figures stand beside ours", "[html]") {
    auto d = of(measured());
    d.others = beside_figures{"published", "a <mail>", {{"idle", "base", 2, 4}}};
    const auto page = to_html({d});
    CHECK_THAT(page, Contains("<h2>Beside the figures called published</h2><p class=\"dim\">a &lt;mail&gt;</p>"));
    CHECK_THAT(page, Contains("<td>idle base</td><td>2</td><td>4</td><td>0.50</td>"));
}
