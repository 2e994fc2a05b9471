// What is told of a story that was played: text, document, picture. Nothing is mounted.
#include "controller/lazy/story.hpp"

#include "controller/lazy/bench.hpp"
#include "controller/lazy/steps.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace drainlab;
using namespace drainlab::lazy;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

step played_step() {
    step s;
    s.id = "free";
    s.title = "nobody <uses> it";
    s.lesson = "It goes at once.";
    s.events = {{0, "umount -l"}, {1'500'000, "the name is gone"}};
    s.spans = {{"umount -l", 0, 1'500'000}, {"drain", 1'000'000, 301'000'000}, {"superblock", -5'000'000, 301'000'000}};
    s.claims = {{"the call returned before the drain was over", true}};
    return s;
}

}  // namespace

TEST_CASE("a step that is as asserted is told with its times, its claims and its lesson", "[lazy]") {
    const auto text = to_text(played_step(), 2);
    CHECK(text.starts_with("2. nobody <uses> it\n"));
    CHECK(has(text, "1.500 ms  the name is gone\n"));
    CHECK(has(text, "ok  the call returned before the drain was over\n"));
    CHECK(text.ends_with("  It goes at once.\n\n"));
}

TEST_CASE("one claim that does not hold spoils its step and the story", "[lazy]") {
    story s;
    s.steps = {played_step(), played_step()};
    CHECK(s.fine());
    s.steps[1].claims.push_back({"it was dead", false});
    CHECK(s.steps[0].fine());
    CHECK_FALSE(s.steps[1].fine());
    CHECK_FALSE(s.fine());
    CHECK(has(to_text(s.steps[1], 1), "NOT SO  it was dead\n"));
    const auto d = document_of(s);
    CHECK_FALSE(d.fine);
    CHECK(d.steps[0].fine);
    CHECK_FALSE(d.steps[1].fine);
}

TEST_CASE("the document has the same in milliseconds", "[lazy]") {
    story s;
    s.steps = {played_step()};
    s.umount_wait = "gate";
    s.complete = false;
    const auto d = document_of(s);
    CHECK(d.umount_wait == "gate");
    CHECK_FALSE(d.complete);
    REQUIRE(d.steps.size() == 1);
    CHECK(d.steps[0].id == "free");
    CHECK(d.steps[0].events[1].at_ms == 1.5);
    CHECK(d.steps[0].spans[1].lane == "drain");
    CHECK(d.steps[0].spans[1].to_ms == 301);
}

TEST_CASE("the picture has a lane for each actor there was, one scale, and no markup of ours in its words", "[lazy]") {
    story s;
    s.steps = {played_step(), played_step()};
    s.steps[1].claims.push_back({"it was dead", false});
    const auto svg = to_svg(s);
    CHECK(svg.starts_with("<svg "));
    CHECK(svg.ends_with("</svg>\n"));
    CHECK(has(svg, "1. nobody &lt;uses&gt; it"));
    CHECK_FALSE(has(svg, "<uses>"));
    CHECK(has(svg, "the drain (made slow here)"));
    CHECK_FALSE(has(svg, "somebody holds it"));
    CHECK(has(svg, "300.0 ms"));  // long enough for its length inside
    CHECK(has(svg, ">1.5 ms<"));  // beside
    CHECK(has(svg, "It goes at once."));
    CHECK(has(svg, "Not as asserted: see the text."));
    CHECK(has(svg, "<title>0.000 to 301.000 ms</title>"));  // what began before the step begins with it
}

TEST_CASE("the demonstration has five steps of different names, each with a lesson", "[lazy]") {
    std::set<std::string> ids;
    for (const auto& p : all_steps()) {
        ids.insert(p.id);
        CHECK(std::string(p.lesson).size() > 20);
        CHECK(p.act != nullptr);
    }
    CHECK(all_steps().size() == 5);
    CHECK(ids.size() == 5);
}

TEST_CASE("the table of lazy cells shows what was measured and a dash where nothing was", "[lazy]") {
    CHECK(bench_mounts() == std::vector<std::string>{"drainfs", "tmpfs", "ext4"});
    report::cell c;
    c.scenario = "lazy_free";
    c.policy = "persb";
    CHECK_FALSE(has(to_text({c}), "lazy_free"));  // without a sample there is no row
    c.umount_ms = report::umount_figures{1.25, std::nullopt, std::nullopt, 2.5, 1, 1.5, {1, 2}};
    const auto text = to_text({c});
    CHECK(has(text, "lazy_free"));
    CHECK(has(text, "1.250"));
    CHECK(has(text, "2.500           -\n"));
    c.phases_ms.dead = report::spread{3.75, std::nullopt, 4};
    CHECK(has(to_text({c}), "3.750\n"));
}
