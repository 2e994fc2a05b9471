#include "controller/churn/churn.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::churn;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

outcome loop(const char* kind, int cycles) {
    outcome o;
    o.kind = kind;
    o.elapsed_s = 2;
    o.began_ns = 1'000;
    auto& a = o.counts.actions[0];
    for (int i = 0; i < cycles; ++i) {
        ++a.cycles;
        a.ns.record(2'000'000);
        o.counts.unmounts.add({action::umount, 1'000 + 10 * i, 2'000'000, 3'000'000});
    }
    return o;
}

}  // namespace

TEST_CASE("a churn is told with its rate, its quantiles as far as they can be told, and what tmpfs makes of it",
          "[churn]") {
    report r;
    r.ours = loop("drainfs", 10);
    r.bare = loop("tmpfs", 40);
    const auto text = to_text(r);
    CHECK(has(text, "drainfs: 10 cycles in 2.0 s, 5 a second"));
    CHECK(has(text, "4 times as many cycles a second as drainfs"));
    CHECK(has(text, "nothing is left behind"));
    CHECK_FALSE(has(text, "lazy "));  // no such cycle
    CHECK_FALSE(has(text, "the daemon was killed"));
    CHECK(r.fine());
}

TEST_CASE("violations and leftovers are told, the first ten of them in words", "[churn]") {
    report r;
    r.ours = loop("drainfs", 10);
    r.ours.daemon_kills = 3;
    r.ours.counts.interrupted = 5;
    r.ours.counts.passers_by = 2;
    r.ours.counts.names_taken = 1;
    for (int i = 0; i < 12; ++i) r.ours.counts.violations.push_back("number " + std::to_string(i));
    r.bare_why = "no tmpfs here";
    r.left.descriptors = 4;
    const auto text = to_text(r);
    CHECK(has(text, "the daemon was killed 3 times, 5 cycles were cut short"));
    CHECK(has(text, "2 unmounts were refused for a moment"));
    CHECK(has(text, "1 names were taken away"));
    CHECK(has(text, "tmpfs: no comparison: no tmpfs here"));
    CHECK(has(text, "VIOLATED: number 9\n... and 2 more\n"));
    CHECK(has(text, "LEFT BEHIND: mounts 0, descriptors 4"));
    CHECK_FALSE(r.fine());
}

TEST_CASE("the document counts from the beginning and has null where so few samples tell nothing", "[churn]") {
    report r;
    r.ours = loop("drainfs", 10);
    r.ours.cycles_per_s = rate{5, 4, 6};
    r.left.files = 1;
    options o;
    o.seed = 7;
    o.mounts = 3;
    const auto d = document_of(o, r);
    CHECK(d.complete);
    CHECK(d.seed == 7);
    CHECK(d.at_once == 3);
    CHECK(d.mix == drainlab::report::counted{{"umount", 6}, {"lazy", 3}, {"force", 1}});
    CHECK(d.left.back() == std::pair<std::string, std::uint64_t>{"files", 1});
    CHECK_FALSE(d.compared);
    CHECK(d.ours.per_s == 5);
    REQUIRE(d.ours.unmounts.size() == 10);
    CHECK(d.ours.unmounts[2].at_ns == 20);
    CHECK(d.ours.unmounts[2].dead_ns == 3'000'000);
    const auto& umounts = d.ours.actions[0];
    CHECK(umounts.p50_ms.value() == Approx(2).epsilon(0.01));
    CHECK_FALSE(umounts.p99_ms);            // of ten calls
    CHECK_FALSE(d.ours.actions[1].p50_ms);  // of none
    r.ours.interrupted = "interrupted";
    r.bare = loop("tmpfs", 1);
    const auto cut = document_of(o, r);
    CHECK_FALSE(cut.complete);
    CHECK(cut.compared->mounts == "tmpfs");
}
