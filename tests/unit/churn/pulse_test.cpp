#include "controller/churn/pulse.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::churn;

TEST_CASE("a steady churn has a rate without doubt, and none before some windows have passed", "[churn]") {
    pulse p{0.02};
    for (std::size_t i = 1; i < pulse::looks_a_window * pulse::fewest; ++i) p.look(2 * i, 0);
    CHECK_FALSE(p.cycles_per_s());
    p.look(2 * pulse::looks_a_window * pulse::fewest, 0);
    REQUIRE(p.cycles_per_s());
    CHECK(p.cycles_per_s()->per_s == Approx(100));
    CHECK(p.cycles_per_s()->high - p.cycles_per_s()->low < 1e-6);
}

TEST_CASE("an unsteady one has an interval around its mean", "[churn]") {
    pulse p{0.02};
    std::uint64_t done = 0;
    for (std::size_t i = 0; i < pulse::looks_a_window * 20; ++i)
        p.look(done += i / pulse::looks_a_window % 2 ? 3 : 1, 0);
    const auto r = *p.cycles_per_s();
    CHECK(r.per_s == Approx(100));
    CHECK(r.low < 90);
    CHECK(r.high > 110);
    CHECK(r.high - r.per_s == Approx(r.per_s - r.low));
}

TEST_CASE("the highest backlog of every stretch is kept, however long it goes", "[churn]") {
    pulse p{0.02};
    const std::size_t looks = pulse::most_bins * 5 + 3, peak = pulse::most_bins * 3 + 1;
    for (std::size_t i = 0; i < looks; ++i) p.look(i, i == peak ? 7 : i % 2);
    const auto b = p.backlog();
    CHECK(b.max.size() <= pulse::most_bins);
    CHECK(static_cast<double>(b.max.size()) * b.every_ms >= static_cast<double>(looks) * 20);
    CHECK(b.max[static_cast<std::size_t>(static_cast<double>(peak) * 20 / b.every_ms)] == 7);
    CHECK(std::count(b.max.begin(), b.max.end(), 7u) == 1);
}

TEST_CASE("a ratio of two rates is less sure than either", "[churn]") {
    const auto r = ratio_of({200, 180, 220}, {100, 90, 110});
    REQUIRE(r);
    CHECK(r->per_s == Approx(2));
    CHECK(r->low < 2 / 1.1);
    CHECK(r->high > 2 * 1.1);
    CHECK_FALSE(ratio_of({1, 1, 1}, {0, 0, 0}));
}
