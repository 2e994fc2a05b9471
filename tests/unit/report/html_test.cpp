#include "controller/report/html.hpp"

#include "controller/report/answer.hpp"
#include "controller/report/charts.hpp"
#include "controller/report/export.hpp"
#include "controller/report/markup.hpp"
#include "controller/result/collect.hpp"

#include <catch2/catch.hpp>

#include <numeric>

using namespace drainlab::report;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

umount_sample whole() {
    umount_sample s;
    s.umount_ns = 100;
    s.detached_ns = 10;
    s.drain_begins_ns = 15;
    s.synchronize_ns = 20;
    s.barrier_ns = 30;
    s.flush_ns = 5;
    s.drained_ns = 75;
    s.dead_ns = 90;
    return s;
}

std::uint64_t sum_until_return(const umount_sample& s) {
    std::uint64_t sum = 0;
    for (const auto& part : segments_of(s))
        if (std::string{part.kind} != "after") sum += part.to - part.from;
    return sum;
}

document sample() {
    document d;
    d.file = "<a>&.json";
    d.bench.emplace();
    for (const auto* policy : {"persb", "base"}) {
        collector all{"idle", policy};
        for (int i = 0; i < 12; ++i) {
            cycle_sample c;
            c.umounts = {whole()};
            all.add(c);
        }
        d.bench->cells.push_back(all.make());
    }
    finish(*d.bench, "persb", 1);
    return d;
}

}  // namespace

TEST_CASE("the stretches of an unmount follow each other and sum to it", "[charts]") {
    const auto all = segments_of(whole());
    std::vector<std::string> kinds;
    for (const auto& s : all) kinds.emplace_back(s.kind);
    CHECK(kinds ==
          std::vector<std::string>{"call", "sync", "synchronize", "barrier", "flush", "own", "evict", "return"});
    for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i].from == all[i - 1].to);
    CHECK(sum_until_return(whole()) == 100);
}

TEST_CASE("odd samples sum up, too: nothing known, parts that are too long, death after the return", "[charts]") {
    umount_sample bare;
    bare.umount_ns = 50;
    CHECK(sum_until_return(bare) == 50);
    CHECK(std::string{segments_of(bare).front().kind} == "unknown");
    auto long_parts = whole();
    long_parts.barrier_ns = 1000;
    CHECK(sum_until_return(long_parts) == 100);
    auto early = whole();
    early.dead_ns = 250;  // api, or pin_super: umount returns before
    CHECK(sum_until_return(early) == 100);
    CHECK(std::string{segments_of(early).back().kind} == "after");
    auto backwards = whole();
    backwards.drained_ns = 5;
    CHECK(sum_until_return(backwards) == 100);
}

TEST_CASE("a page draws every sample, and nothing in a name is markup", "[html]") {
    auto d = sample();
    d.bench->cells[0].observations.push_back("</script><script>alert(1)</script>");
    d.bench->cells[0].title = d.bench->cells[1].title = "\"><img src=x onerror=alert(2)>";
    const auto page = to_html({d});
    CHECK(count(page, "<circle class=\"s ") == 24);
    CHECK(count(page, "<script>") == 1);
    CHECK(page.find("<img") == std::string::npos);
    CHECK(page.find("&lt;a&gt;&amp;.json") != std::string::npos);
    CHECK(page.find("http://") == page.find("http://www.w3.org/2000/svg"));
    CHECK(page.find("https://") == std::string::npos);
    CHECK(count(page, "<section") == count(page, "</section>"));
    CHECK(count(page, "<svg") == count(page, "</svg>"));
}

TEST_CASE("a violation is the first thing said", "[html]") {
    auto d = sample();
    d.bench->cells[1].violations = {{"busy_inodes", "VFS: Busy inodes after unmount of a (drainfs)", {}},
                                    {"busy_inodes", "VFS: Busy inodes after unmount of b (drainfs)", {}}};
    const auto said = answers(*d.bench);
    REQUIRE(said.size() == 2);
    CHECK(said[0] == "idle: persb violates busy_inodes (2 in 12 samples).");
    CHECK(to_html({d}).find("<p class=\"answer\">" + said[0]) != std::string::npos);
}

TEST_CASE("a result of guests names the kernel behind each name", "[html]") {
    auto d = sample();
    d.bench->run.mode = "lab";
    for (auto& c : d.bench->cells) c.kernel = c.policy == "base" ? "6.18.9" : "7.2.1";
    CHECK_THAT(provenance(*d.bench), Catch::EndsWith("; base is 6.18.9, persb is 7.2.1."));
}

TEST_CASE("the legend has what is drawn, and a ratio is a column where there is one", "[html]") {
    auto d = sample();
    CHECK(count(to_html({d}), "<th>ratio</th>") == 1);
    CHECK(count(to_html({d}), "<i class=\"w-synchronize\">") == 1);
    CHECK(count(to_html({d}), "<i class=\"w-after\">") == 0);
    for (auto& s : d.bench->cells[0].unmounts) s.dead_ns = 250;
    d.bench->comparisons.clear();
    CHECK(count(to_html({d}), "<i class=\"w-after\">") == 1);
    CHECK(count(to_html({d}), "<th>ratio</th>") == 0);
}

TEST_CASE("of things that are counted no axis has halves", "[svg]") {
    CHECK(scale{0, 1.1, 0, 1}.ticks(4).size() > 2);
    CHECK(scale{0, 1.1, 0, 1, false, true}.ticks(4) == std::vector<double>{0, 1});
}

TEST_CASE("no number of an axis is cut by the picture's edge", "[svg]") {
    const std::string picture = drawing("p", "t", 480, 100).x_axis({0, 20'000, 8, 478}, 10, 80, "", "ms").markup();
    CHECK(picture.find("<text x=\"460.0\" y=\"94.0\"") != std::string::npos);  // 20000: five digits around it
    CHECK(picture.find("<text x=\"8.0\" y=\"94.0\"") != std::string::npos);    // 0: where it belongs
}

TEST_CASE("pictures have names of their own and their own style", "[html]") {
    const auto all = pictures({sample(), sample()});
    REQUIRE(all.size() == 4);
    CHECK(all[0].name == "idle-samples");
    CHECK(all[2].name == "idle-samples-2");
    for (const auto& p : all) CHECK(p.text.find("<style>") != std::string::npos);
}

TEST_CASE("what has nothing to show is still a page", "[html]") {
    document d;
    d.file = "x";
    d.bench.emplace();
    CHECK(to_html({d}).find("The run has no cell.") != std::string::npos);
    d.bench->cells.push_back(collector{"idle", "base"}.make());
    CHECK(to_html({d}).find("<svg") == std::string::npos);
    CHECK(pictures({d}).empty());
    for (const auto& format : export_formats())
        for (const auto& part : export_as(format, d)) CHECK_FALSE(part.text.empty());
}

TEST_CASE("bytes that are no text become marks", "[markup]") {
    CHECK(escaped("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
    CHECK(escaped("\xff\x1b[2J") == "\xef\xbf\xbd\xef\xbf\xbd[2J");
    CHECK(escaped("\xc3\xa9\xe2\x82\xac") == "\xc3\xa9\xe2\x82\xac");
    CHECK(escaped("\xed\xa0\x80") == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // a surrogate
    CHECK(escaped("\xc3") == "\xef\xbf\xbd");
}
