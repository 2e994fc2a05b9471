#include "controller/measure/bootstrap.hpp"

#include "controller/measure/quantile.hpp"
#include "fusefs/sched/random.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <algorithm>

using namespace drainlab::measure;

namespace {

std::vector<std::uint64_t> up_to(std::uint64_t n) {
    std::vector<std::uint64_t> values(n);
    for (std::uint64_t i = 0; i < n; ++i) values[i] = i;
    return values;
}

}  // namespace

TEST_CASE("the interval is the one that plain resampling converges to", "[bootstrap]") {
    const auto n = GENERATE(10u, 40u, 101u);
    const auto p = GENERATE(0.5, 0.95);
    const auto values = up_to(n);
    drainlab::sched::random random{7};
    std::vector<std::uint64_t> drawn;
    for (int round = 0; round < 20'000; ++round) {
        std::vector<std::uint64_t> resample(n);
        for (auto& v : resample) v = values[random.below(n)];
        std::sort(resample.begin(), resample.end());
        drawn.push_back(quantile(resample, p));
    }
    std::sort(drawn.begin(), drawn.end());
    const auto ci = quantile_ci95(values, p);
    CAPTURE(n, p);
    CHECK(ci.low == Approx(static_cast<double>(quantile(drawn, 0.025))).margin(1.0));
    CHECK(ci.high == Approx(static_cast<double>(quantile(drawn, 0.975))).margin(1.0));
}

TEST_CASE("an interval holds its quantile and stays within the samples", "[bootstrap]") {
    CHECK(rc::check([](std::vector<std::uint32_t> raw, unsigned per_mille) {
        RC_PRE(!raw.empty());
        const double p = (per_mille % 1001) / 1000.0;
        const auto s = sorted(std::vector<std::uint64_t>(raw.begin(), raw.end()));
        const auto ci = quantile_ci95(s, p);
        const auto q = static_cast<double>(quantile(s, p));
        RC_ASSERT(ci.low <= ci.high);
        RC_ASSERT(ci.low <= q);
        RC_ASSERT(ci.high >= q);
        RC_ASSERT(ci.low >= static_cast<double>(s.front()));
        RC_ASSERT(ci.high <= static_cast<double>(s.back()));
    }));
}

TEST_CASE("a ratio of medians is reproducible by its seed and holds its value", "[bootstrap]") {
    auto slow = up_to(60);
    for (auto& v : slow) v = 4000 + 20 * v;
    auto quick = up_to(60);
    for (auto& v : quick) v = 400 + 2 * v;
    const auto once = p50_ratio(slow, quick, 42);
    const auto again = p50_ratio(slow, quick, 42);
    CHECK(once.value == Approx(10.0));
    CHECK(once.ci95.low == again.ci95.low);
    CHECK(once.ci95.high == again.ci95.high);
    CHECK(once.ci95.low < 10.0);
    CHECK(once.ci95.high > 10.0);
    CHECK(once.ci95.low > 9.0);
    CHECK(once.ci95.high < 11.0);
}

TEST_CASE("samples of one value have a ratio without width", "[bootstrap]") {
    const std::vector<std::uint64_t> three{300};
    const std::vector<std::uint64_t> one{100};
    const auto r = p50_ratio(three, one, 1);
    CHECK(r.value == Approx(3.0));
    CHECK(r.ci95.low == Approx(3.0));
    CHECK(r.ci95.high == Approx(3.0));
}
