// Pages and tables of searches: verdicts, windows, stories, mutants.
#include "controller/report/export.hpp"
#include "controller/report/html.hpp"
#include "controller/report/view.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::report;
using Catch::Contains;

namespace {

race_search search(const std::string& policy, const std::string& world, const std::string& verdict) {
    race_search s;
    s.policy = policy;
    s.world = world;
    s.verdict = verdict;
    s.exhausted = verdict == "safe";
    s.schedules = 20;
    s.choice_points = 7;
    return s;
}

race_document race() {
    auto bad = search("base", "offline_one", "violates");
    bad.namespace_policy = "expedited";
    bad.preemptions = 2;
    bad.counterexample =
        race_example{{{"umount A", "reads in_flight", "", "in_flight <0>"}, {"worker", "", "puts the inode", ""}},
                     "1:A4A",
                     "busy_inodes",
                     "VFS: Busy inodes after unmount of <A>"};
    auto safe = search("persb", "fsync", "safe");
    safe.windows = {{"prepared_unqueued", "open_file", 0, 12, "1:B"}, {"umount_busy", "", 5, 0, ""}};
    return {{}, {bad, safe, search("persb", "flusher", "inconclusive")}};
}

document of(race_document d) {
    document all;
    all.file = "r.json";
    all.race = std::move(d);
    return all;
}

document mutants() {
    document d;
    d.file = "m.json";
    d.mutants = mutants_document{{},
                                 {{"persb", "persb~lost_wakeup", true, "lost_wakeup", "offline_one", "", 12},
                                  {"persb", "persb~harmless", false, {}, {}, {}, 90},
                                  {"race", "race~no_synchronize", true, {}, {}, {}, 3}}};
    return d;
}

}  // namespace

TEST_CASE("the page of a search: answer, verdicts in colours, a story that can be walked, windows", "[html][race]") {
    const auto page = to_html({of(race())});
    CHECK_THAT(page, Contains("<p class=\"answer\">1 of 3 searches found a schedule that violates an invariant: base + "
                              "expedited in offline_one.</p>"));
    CHECK_THAT(page, Contains("<td>base + expedited</td><td>offline_one</td><td class=\"bad\">violates</td><td>not "
                              "all</td><td>2</td><td>20</td><td>7</td>"));
    CHECK_THAT(page, Contains("<td class=\"good\">safe</td><td>all</td><td>any</td>"));
    CHECK_THAT(page, Contains("<td class=\"\">inconclusive</td>"));
    CHECK_THAT(page, Contains("<section class=\"story\" id=\"d0-story0\""));
    CHECK_THAT(page, Contains("<tr data-state=\"in_flight &lt;0&gt;\"><td>umount A</td><td class=\"l\">reads in_flight"
                              "</td><td class=\"l\"></td></tr>"));
    CHECK_THAT(page, Contains("Again: <code>drainctl race --policy base --namespace-policy expedited --world "
                              "offline_one --schedule 1:A4A</code>"));
    CHECK_THAT(page, Contains("<td>prepared_unqueued</td><td>0</td><td>open_file</td><td>12</td>"));
    CHECK_THAT(page, Contains("<td>umount_busy</td><td>5</td><td>-</td><td>-</td>"));
    CHECK(page.find("<A>") == std::string::npos);
}

TEST_CASE("where no search is about a window there is no table of them, nor a story without steps", "[html][race]") {
    auto d = race();
    d.searches[1].windows.clear();
    d.searches[0].counterexample->story.clear();
    const auto page = to_html({of(d)});
    CHECK(page.find("<h2>Windows</h2>") == std::string::npos);
    CHECK(page.find("<section class=\"story\"") == std::string::npos);
}

TEST_CASE("of many violations the answer names four", "[view][race]") {
    race_document d;
    for (const auto* world : {"a", "b", "c", "d", "e"}) d.searches.push_back(search("base", world, "violates"));
    CHECK(answer_of(d) ==
          "5 of 5 searches found a schedule that violates an invariant: base in a, base in b, base in c, base in d "
          "and 1 more.");
    CHECK(answer_of({}) == "0 of 0 searches found a schedule that violates an invariant.");
}

TEST_CASE("a violation without a kept schedule is a failure all the same; an unfinished search is skipped",
          "[view][race]") {
    auto d = race();
    d.searches[0].counterexample.reset();
    const auto v = view_of(d);
    CHECK(v.suites[0].checks[0].failures[0].message == "no schedule was kept");
    REQUIRE(v.suites[1].checks.size() == 2);
    CHECK(v.suites[1].checks[0].skipped.empty());
    CHECK(v.suites[1].checks[1].skipped == "inconclusive: not every schedule was tried");
    REQUIRE(v.tables.size() == 2);
    using row = std::vector<std::string>;
    CHECK(v.tables[1].rows[0] == row{"persb", "fsync", "prepared_unqueued", "0", "open_file", "12"});
    CHECK(v.rows.rows[0] == row{"base", "expedited", "offline_one", "violates", "0", "2", "20", "0", "7", "0", "", ""});
}

TEST_CASE("a mutant that lived is a failure, in the table, the checks and the metrics", "[view][mutants]") {
    const auto v = view_of(*mutants().mutants);
    CHECK(v.said == std::vector<std::string>{"2 of 3 policies that were broken on purpose were caught."});
    using row = std::vector<std::string>;
    REQUIRE(v.tables.size() == 1);
    CHECK(v.tables[0].rows == std::vector<row>{{"persb~lost_wakeup", "lost_wakeup", "offline_one", "12"},
                                               {"persb~harmless", "SURVIVED", "-", "90"},
                                               {"race~no_synchronize", "?", "-", "3"}});
    CHECK(v.rows.rows[1] == row{"persb", "persb~harmless", "0", "", "", "90"});
    REQUIRE(v.suites.size() == 2);
    CHECK(v.suites[0].name == "persb");
    CHECK(v.suites[0].checks[0].failures.empty());
    CHECK(v.suites[0].checks[1].failures[0].message == "no schedule of 90 caught it");
    const auto text = to_openmetrics(v);
    CHECK_THAT(text, Contains("drainlab_mutant_killed{policy=\"persb\",mutant=\"persb~harmless\"} 0\n"));
    CHECK_THAT(text, Contains("drainlab_mutant_schedules_total{policy=\"race\",mutant=\"race~no_synchronize\"} 3\n"));
}

TEST_CASE("the page of mutants marks who survived", "[html][mutants]") {
    const auto page = to_html({mutants()});
    CHECK_THAT(page, Contains("<p class=\"answer\">2 of 3 policies that were broken on purpose were caught.</p>"));
    CHECK_THAT(page, Contains("<td>persb~harmless</td><td class=\"bad\">SURVIVED</td><td>-</td><td>90</td>"));
    CHECK_THAT(page, Contains("<td>persb~lost_wakeup</td><td class=\"\">lost_wakeup</td><td>offline_one</td>"));
    CHECK(pictures({mutants()}).empty());
}
