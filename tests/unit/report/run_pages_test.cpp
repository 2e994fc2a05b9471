// Pages and pictures of lazy and churn, and how a page says it was made.
#include "controller/report/charts.hpp"
#include "controller/report/html.hpp"
#include "controller/report/view.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::report;
using Catch::Contains;

namespace {

document lazy() {
    lazy_step s;
    s.id = "held";
    s.title = "held by a <file>";
    s.events = {{0, "umount -l returns"}, {12.5, "the file is closed"}};
    s.spans = {{"name", 0, 1}, {"superblock", 0, 25}, {"a lane of its own", 1, 1}};
    s.claims = {{"it returned at once", true}, {"who closed it waited", false}};
    document d;
    d.file = "l.json";
    d.lazy.emplace();
    d.lazy->steps = {s};
    return d;
}

churn_outcome outcome(const std::string& mounts, double per_s) {
    churn_outcome o;
    o.mounts = mounts;
    o.cycles = 6;
    o.elapsed_s = 2;
    o.per_s = per_s;
    churn_action a;
    a.name = "umount";
    a.cycles = 4;
    a.held = 1;
    a.busy = 2;
    a.p50_ms = 1.5;
    a.max_ms = 250;
    churn_action b;
    b.name = "lazy";
    b.cycles = 2;
    o.actions = {a, b};
    return o;
}

document churn() {
    document d;
    d.file = "c.json";
    d.churn.emplace();
    d.churn->at_once = 8;
    auto& o = d.churn->ours = outcome("drainfs", 3);
    o.holders_killed = 5;
    o.bytes_verified = 4096;
    o.unmounts = {{"umount", 500'000'000, 1'000'000, {}}, {"lazy", 1'000'000'000, 1'000'000, 10'000'000}};
    o.backlog = churn_backlog{500, {0, 2, 1, 0}};
    d.churn->left = {{"mounts", 0}, {"cgroups", 0}};
    return d;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

}  // namespace

TEST_CASE("the page of lazy: lanes, what happened when, claims that were so and that were not", "[html][lazy]") {
    auto d = lazy();
    d.lazy->complete = false;
    const auto page = to_html({d});
    CHECK_THAT(page, Contains("<p class=\"answer\">Lazy unmounting in 1 steps: 1 of 2 claims held.</p>"));
    CHECK_THAT(page, Contains("<p class=\"bad\">Incomplete: it was interrupted.</p>"));
    CHECK_THAT(page, Contains("<section class=\"lazy\" id=\"d0-step0\"><h2>held by a &lt;file&gt;</h2>"));
    CHECK_THAT(page, Contains("<li>12.500 ms: the file is closed</li>"));
    CHECK_THAT(page, Contains("<p class=\"good\">so: it returned at once</p>"));
    CHECK_THAT(page, Contains("<p class=\"bad\">NOT SO: who closed it waited</p>"));
    CHECK(to_html({lazy()}).find("Incomplete") == std::string::npos);
}

TEST_CASE("a lane has its colour in every step, and no bar is too thin to be seen", "[svg][lazy]") {
    const auto d = lazy();
    const auto svg = lanes_chart(d.lazy->steps[0], 25, "l").markup();
    // 25 ms of 25.5 lie between x 110 and 470.
    CHECK_THAT(svg, Contains("<rect class=\"lane p1\" x=\"110.0\" y=\"31.0\" width=\"352.9\" "
                             "height=\"16\"><title>superblock: 0 to 25 ms</title>"));
    CHECK_THAT(svg, Contains("<rect class=\"lane p3\" x=\"110.0\" y=\"9.0\""));
    CHECK_THAT(svg, Contains("<rect class=\"lane p0\" x=\"124.1\" y=\"53.0\" width=\"1.0\""));
    CHECK_THAT(svg, Contains("<title>12.5 ms: the file is closed</title>"));
    const auto all = pictures({d});
    REQUIRE(all.size() == 1);
    CHECK(all[0].name == "lazy-1");
}

TEST_CASE("the page of a churn: how fast, each action, what was left", "[html][churn]") {
    const auto page = to_html({churn()});
    CHECK_THAT(page, Contains("<p class=\"answer\">8 mounts at a time, 6 cycles of mount and unmount, 3 a second. 0 "
                              "violations.</p>"));
    CHECK_THAT(page, Contains("<td>umount</td><td>4</td><td>1</td><td>2</td><td>1.5</td><td>-</td><td>-</td><td>250"));
    CHECK_THAT(page, Contains("<p class=\"dim\">5 holders killed, 4096 bytes read back and right.</p>"));
    CHECK_THAT(page, Contains("<p class=\"good\">Nothing.</p>"));
    CHECK_THAT(page, Contains("<h3>How long unmounts took, over time</h3>"));
    CHECK_THAT(page, Contains("<h3>Superblocks that live though their name is gone</h3>"));
    CHECK(page.find("are drawn, evenly chosen") == std::string::npos);
}

TEST_CASE("what went wrong in a churn is marked; another kind of mounts stands beside it", "[html][churn]") {
    auto d = churn();
    d.churn->complete = false;
    d.churn->left[1].second = 2;
    d.churn->ours.violations = {"a <busy> inode"};
    d.churn->ours.daemon_kills = 3;
    d.churn->ours.interrupted_cycles = 7;
    d.churn->ours.per_s_ci95 = {2, 4};
    d.churn->ours.one_in = 10;
    d.churn->compared = outcome("tmpfs", 7.5);
    const auto page = to_html({d});
    CHECK_THAT(page, Contains("3 [2, 4] a second; tmpfs makes 2.5 times as many. 1 violations.</p>"));
    CHECK_THAT(page, Contains("<p class=\"bad\">Incomplete: it was interrupted.</p>"));
    CHECK_THAT(page, Contains("<p class=\"bad\">a &lt;busy&gt; inode</p>"));
    CHECK_THAT(page, Contains("; the daemon was killed 3 times, which cut 7 cycles short.</p>"));
    CHECK_THAT(page, Contains("<section class=\"churn\" id=\"d0-beside\"><h2>tmpfs: 6 cycles in 2.0 s, 8 a second"));
    CHECK_THAT(page, Contains("<p class=\"bad\">Not everything is gone.</p>"));
    CHECK_THAT(page, Contains("<figcaption>2 of some 20 unmounts are drawn, evenly chosen</figcaption>"));
    const auto v = view_of(*d.churn);
    CHECK(v.said[0] ==
          "8 mounts at a time, 6 cycles of mount and unmount, 3 a second; tmpfs makes 2.5 times as many. 1 "
          "violations.");
    CHECK(v.told[0].lines == std::vector<std::string>{"a <busy> inode"});
    CHECK(v.suites[0].checks[0].failures[0].message == "a <busy> inode");
    CHECK(v.suites[1].name == "churn of tmpfs");
}

TEST_CASE("a churn's pictures: a dot the return, a ring the death, the backlog a staircase", "[svg][churn]") {
    const auto all = pictures({churn()});
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "churn-latency");
    CHECK(all[1].name == "churn-backlog");
    CHECK(count(all[0].text, "<circle class=\"f ") == 2);
    CHECK(count(all[0].text, "<circle class=\"ring p1\"") == 1);
    CHECK_THAT(all[0].text, Contains("<circle class=\"f p0\" cx=\"150.5\""));  // after half of two seconds' half
    // Two of 2.2 at most: at 140 - 116 * 2 / 2.2.
    CHECK_THAT(all[1].text, Contains("d=\"M44.0 140.0H150.5V34.5H257.0V87.3H363.5V140.0H470.0\""));
    CHECK(churn_latency_chart(outcome("tmpfs", 1), "x").empty());
    CHECK(churn_backlog_chart(outcome("tmpfs", 1), "x").empty());
}

TEST_CASE("of very many unmounts every second, third, ... is drawn", "[svg][churn]") {
    auto o = outcome("drainfs", 1);
    o.unmounts.resize(2000);
    CHECK(drawn_of(o).size() == 2000);
    o.unmounts.resize(4001);
    CHECK(drawn_of(o).size() == 1334);
    CHECK(drawn_of(o)[1] == 3);
}

TEST_CASE("the foot of a page says who made the document, when, where and how", "[html]") {
    auto d = churn();
    facts f;
    f.tool = {"drainlab", "1.2", "abc"};
    f.seed = 9;
    f.started = "2026-01-02T03:04:05Z";
    f.elapsed_s = 61.4;
    f.environment.kernel = "6.1";
    f.environment.cpus = 2;
    f.environment.governor = "powersave";
    f.load_average = {0.5, 1.25};
    f.command = {"drainctl", "churn", "<x>"};
    d.churn->made = f;
    CHECK_THAT(to_html({d}), Contains("<footer><p>c.json: drainlab 1.2 (abc), seed 9, 2026-01-02T03:04:05Z, 61 s, "
                                      "kernel 6.1, 2 CPUs, governor powersave, load 0.5 before and 1.2 after"
                                      "<br><code>drainctl churn &lt;x&gt;</code></p></footer>"));
    d.churn->made.reset();
    CHECK_THAT(to_html({d}), Contains("<footer><p>c.json</p></footer>"));
}
