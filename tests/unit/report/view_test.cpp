// Documents without cells, in every form that formats are made of.
#include "controller/report/view.hpp"

#include "controller/report/export.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

using namespace drainlab::report;

namespace {

race_document race() {
    race_search bad;
    bad.policy = "base";
    bad.world = "offline_one";
    bad.verdict = "violates";
    bad.schedules = 12345678;
    bad.counterexample = race_example{
        {{"umount A", "reads | in flight", "", "in flight 0"}, {"worker", "", "puts the inode", "in flight 1"}},
        "u:A4A",
        "busy_inodes",
        "VFS: Busy inodes"};
    race_search vacuous = bad;
    vacuous.policy = "persb";
    vacuous.verdict = "vacuous";
    vacuous.counterexample.reset();
    return {{}, {bad, vacuous}};
}

lazy_document lazy() {
    lazy_step s;
    s.id = "held";
    s.title = "held by a file, \"open\"";
    s.events = {{0, "umount -l returns"}, {12.5, "the file is closed, at last"}};
    s.spans = {{"name", 0, 1}, {"superblock", 0, 12.5}};
    s.claims = {{"it returned at once", true}, {"who closed it waited", false}};
    lazy_document d;
    d.steps = {s};
    return d;
}

churn_document churn() {
    churn_document d;
    d.ours.mounts = "drainfs";
    d.ours.cycles = 3;
    churn_action a;
    a.name = "umount";
    a.cycles = 3;
    a.histogram = drainlab::measure::histogram{};
    for (const std::uint64_t ns : {1'000'000u, 2'000'000u, 3'000'000u}) {
        a.histogram->record(ns);
        d.ours.unmounts.push_back({"umount", ns * 10, ns, ns + 500});
    }
    d.ours.actions = {a};
    d.left = {{"mounts", 0}, {"cgroups", 2}};
    return d;
}

document of(race_document d) {
    document all;
    all.schema = "drainlab.race/1";
    all.race = std::move(d);
    return all;
}

bool has(const std::vector<std::string>& all, const char* name) {
    return std::find(all.begin(), all.end(), name) != all.end();
}

}  // namespace

TEST_CASE("a violation is a failure, what could not be told is skipped", "[view]") {
    const auto suites = view_of(race()).suites;
    REQUIRE(suites.size() == 2);
    CHECK(suites[0].name == "base");
    CHECK(suites[0].checks[0].failures[0].invariant == "busy_inodes");
    CHECK(suites[1].checks[0].failures.empty());
    CHECK_THAT(suites[1].checks[0].skipped, Catch::StartsWith("vacuous"));
    CHECK_THAT(to_junit(suites), Catch::Contains("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    const auto tap = to_ktap(suites);
    CHECK_THAT(tap, Catch::Contains("  not ok 1 offline_one\n"));
    CHECK_THAT(tap, Catch::Contains("  ok 1 offline_one # SKIP vacuous"));
    CHECK_THAT(tap, Catch::Contains("\nnot ok 1 base\n"));
}

TEST_CASE("the text of a search fits, and ends each story with how to see it again", "[view]") {
    const auto text = to_text(view_of(race()), {});
    CHECK_THAT(
        text, Catch::StartsWith("1 of 2 searches found a schedule that violates an invariant: base in offline_one.\n"));
    CHECK_THAT(text, Catch::Contains("again: drainctl race --policy base --world offline_one --schedule u:A4A"));
    CHECK_THAT(text, Catch::Contains("12345678"));
    for (const int columns : {80, 100}) {
        text_options options;
        options.columns = columns;
        for (const auto& all : {to_text(view_of(race()), options), to_text(view_of(lazy()), options)}) {
            std::istringstream lines{all};
            for (std::string line; std::getline(lines, line);) CHECK(line.size() <= static_cast<std::size_t>(columns));
        }
    }
    CHECK_THAT(to_markdown(view_of(race())), Catch::Contains("| base | offline_one | violates |"));
}

TEST_CASE("only what means something can be exported", "[view]") {
    const auto formats = formats_of(of(race()));
    for (const auto* name : {"csv", "junit", "ktap", "openmetrics", "markdown"}) CHECK(has(formats, name));
    for (const auto* name : {"hgrm", "hyperfine", "benchmark", "samples-csv", "chrome-trace", "ftrace"})
        CHECK_FALSE(has(formats, name));
    document d;
    d.churn = churn();
    for (const auto* name : {"hgrm", "hyperfine", "benchmark", "samples-csv", "chrome-trace"})
        CHECK(has(formats_of(d), name));
    for (const auto& format : formats_of(d)) CHECK_FALSE(export_as(format, d).empty());
    CHECK_FALSE(has(formats_of(d), "ftrace"));
    document told;
    told.lazy = lazy();
    CHECK(has(formats_of(told), "chrome-trace"));
    CHECK_FALSE(has(formats_of(told), "hgrm"));
}

TEST_CASE("metrics count whole numbers whole, and buckets accumulate", "[view]") {
    CHECK_THAT(
        to_openmetrics(view_of(race())),
        Catch::Contains("drainlab_race_schedules_total{policy=\"base\",namespace_policy=\"\",world=\"offline_one\"} "
                        "12345678"));
    const auto text = to_openmetrics(view_of(churn()));
    CHECK_THAT(text, Catch::Contains("_bucket{mounts=\"drainfs\",action=\"umount\",le=\"0.0016\"} 1\n"));
    CHECK_THAT(text, Catch::Contains("_bucket{mounts=\"drainfs\",action=\"umount\",le=\"+Inf\"} 3\n"));
    CHECK_THAT(text, Catch::Contains("drainlab_churn_left{what=\"cgroups\"} 2\n"));
    CHECK(metric_label("k", "a\\b\"c\nd") == "k=\"a\\\\b\\\"c\\nd\"");
}

TEST_CASE("what is left behind is a failed check, a claim that was not so too", "[view]") {
    const auto left = view_of(churn()).suites.back();
    REQUIRE(left.checks.size() == 2);
    CHECK(left.checks[0].failures.empty());
    CHECK(left.checks[1].failures[0].message == "2 cgroups are left");
    CHECK_THAT(to_text(view_of(churn()), {}), Catch::Contains("LEFT BEHIND: 2 cgroups."));
    const auto claims = view_of(lazy()).suites[0].checks;
    CHECK(claims[0].failures.empty());
    CHECK(claims[1].failures.size() == 1);
}

TEST_CASE("CSV quotes what has commas and quotes in it", "[view]") {
    CHECK(to_csv(view_of(lazy()).rows).find("held,\"held by a file, \"\"open\"\"\",it returned at once,1\n") !=
          std::string::npos);
}

TEST_CASE("a table that is too wide has its words below each other, and a name that is too long above its row",
          "[view]") {
    const view_table t{"", {"name", "left mounted", "why"}, {{"a", "12", "it was held by one"}}};
    CHECK(to_text(t, 80) == "  name  left mounted  why\n  a               12  it was held by one\n");
    CHECK(to_text(t, 30) ==
          "  name     left  why\n"
          "        mounted\n"
          "  a          12  it was\n"
          "                 held by\n"
          "                 one\n");
    const view_table named{"", {"name", "n"}, {{"a_name_of_thirty_characters___", "7"}}};
    CHECK(to_text(named, 20) ==
          "  name          n\n"
          "  a_name_of_thirty_characters___\n"
          "                7\n");
}
