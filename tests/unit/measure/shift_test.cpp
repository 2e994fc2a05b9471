#include "controller/measure/shift.hpp"

#include "controller/measure/quantile.hpp"
#include "fusefs/sched/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace drainlab;
using namespace drainlab::measure;

namespace {

std::vector<std::uint64_t> ramp(std::uint64_t from, std::uint64_t step, std::size_t n) {
    std::vector<std::uint64_t> v;
    for (std::size_t i = 0; i < n; ++i) v.push_back(from + step * i);
    return v;
}

}  // namespace

TEST_CASE("the ratio of a set and its multiple is that factor", "[shift]") {
    const auto a = ramp(1000, 10, 40);
    auto b = a;
    for (auto& v : b) v = v * 3 / 2;
    const auto s = shift_of(a, b, 0.95);
    CHECK(s.ratio == Approx(1.5).epsilon(0.01));
    CHECK(s.range.low < 1.5);
    CHECK(s.range.high > 1.5);
    CHECK(s.range.low > 1.3);
    CHECK(s.chance < 1e-9);
    const auto back = shift_of(b, a, 0.95);
    CHECK(back.ratio == Approx(1 / s.ratio).epsilon(0.01));
    CHECK(back.chance == Approx(s.chance));
}

TEST_CASE("a set against itself is no shift", "[shift]") {
    const auto a = ramp(1000, 7, 25);
    const auto s = shift_of(a, a, 0.95);
    CHECK(s.ratio == Approx(1.0));
    CHECK(s.chance == 1.0);
    const std::vector<std::uint64_t> flat(12, 5);  // nothing but ties
    CHECK(shift_of(flat, flat, 0.95).chance == 1.0);
    CHECK(shift_of(flat, flat, 0.95).ratio == 1.0);
}

TEST_CASE("the test's p is the textbook's", "[shift]") {
    // The example of R's wilcox.test: U is 35 of 50, the exact two-sided p 0.2544, by the normal approximation 0.2446.
    const std::vector<std::uint64_t> x{73, 80, 83, 104, 138, 145, 146, 164, 189, 191};
    std::vector<std::uint64_t> y{74, 88, 90, 115, 121};
    std::sort(y.begin(), y.end());
    CHECK(shift_of(y, x, 0.95).chance == Approx(0.2446).epsilon(0.001));
}

TEST_CASE("of intervals at 95 %, some 95 % hold the true factor", "[shift]") {
    sched::random random{1};
    int held = 0;
    constexpr int rounds = 400;
    for (int i = 0; i < rounds; ++i) {
        std::vector<std::uint64_t> a, b;
        for (int k = 0; k < 30; ++k) {
            a.push_back(1'000'000 + random.below(1'000'000));
            b.push_back((1'000'000 + random.below(1'000'000)) * 5 / 4);
        }
        const auto s = shift_of(sorted(a), sorted(b), 0.95);
        held += s.range.low <= 1.25 && s.range.high >= 1.25;
    }
    CHECK(held >= rounds * 92 / 100);
    CHECK(held <= rounds * 98 / 100);
}

TEST_CASE("Holm's correction", "[shift]") {
    CHECK(holm({0.01, 0.04, 0.03, 0.005}) == std::vector<double>{0.03, 0.06, 0.06, 0.02});
    CHECK(holm({0.9, 0.8}) == std::vector<double>{1.0, 1.0});
    CHECK(holm({}).empty());
}
