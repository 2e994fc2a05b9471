#include "controller/measure/histogram.hpp"

#include "controller/measure/quantile.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <algorithm>

using namespace drainlab::measure;

TEST_CASE("bucket borders are HdrHistogram's", "[histogram]") {
    // With three digits it has 2048 sub-buckets: values below 2048 stand alone, those up to 4095 in pairs, and so on.
    const histogram h{3};
    CHECK(h.highest_equivalent(2047) == 2047);
    CHECK(h.lowest_equivalent(2049) == 2048);
    CHECK(h.highest_equivalent(2048) == 2049);
    CHECK(h.lowest_equivalent(10'007) == 10'000);
    CHECK(h.highest_equivalent(10'000) == 10'007);
    CHECK(histogram{2}.highest_equivalent(256) == 257);  // 256 sub-buckets
}

TEST_CASE("every value is known to three digits", "[histogram]") {
    CHECK(rc::check([](std::uint64_t value) {
        const histogram h{3};
        const auto low = h.lowest_equivalent(value);
        const auto high = h.highest_equivalent(value);
        RC_ASSERT(low <= value);
        RC_ASSERT(value <= high);
        RC_ASSERT(high - low <= value / 1000);
    }));
}

TEST_CASE("buckets neither overlap nor leave a gap", "[histogram]") {
    CHECK(rc::check([](std::uint64_t value) {
        RC_PRE(value > 0u);
        const histogram h{3};
        const auto low = h.lowest_equivalent(value);
        if (low > 0) RC_ASSERT(h.highest_equivalent(low - 1) == low - 1);
    }));
}

TEST_CASE("merging loses nothing, in whatever order", "[histogram]") {
    CHECK(rc::check([](std::vector<std::uint64_t> a, std::vector<std::uint64_t> b) {
        for (auto& v : a) v %= 10'000'000'000u;
        for (auto& v : b) v %= 10'000'000'000u;
        histogram all, left, right;
        for (const auto v : a) all.record(v), left.record(v);
        for (const auto v : b) all.record(v), right.record(v);
        auto other_way = right;
        left.merge(right);
        histogram again;
        for (const auto v : a) again.record(v);
        other_way.merge(again);
        RC_ASSERT(left == all);
        RC_ASSERT(other_way == all);
    }));
}

TEST_CASE("quantiles differ from the exact ones by less than a bucket", "[histogram]") {
    CHECK(rc::check([](std::vector<std::uint32_t> raw, unsigned per_mille) {
        RC_PRE(!raw.empty());
        const double p = (per_mille % 1001) / 1000.0;
        histogram h;
        for (const auto v : raw) h.record(v);
        const auto s = sorted(std::vector<std::uint64_t>(raw.begin(), raw.end()));
        const auto exact = quantile(s, p);
        RC_ASSERT(h.value_at(p) >= exact);
        RC_ASSERT(h.value_at(p) <= h.highest_equivalent(exact));
        RC_ASSERT(h.min() == s.front());
        RC_ASSERT(h.max() == s.back());
    }));
}

TEST_CASE("buckets visited add up to what was recorded", "[histogram]") {
    histogram h;
    h.record(5, 3);
    h.record(70'000);
    std::vector<std::uint64_t> seen;
    h.each([&](std::uint64_t low, std::uint64_t high, std::uint64_t count) {
        seen.push_back(count);
        CHECK(low <= high);
    });
    CHECK(seen == std::vector<std::uint64_t>{3, 1});
    CHECK(h.count() == 4);
    CHECK(h.mean() == Approx((15.0 + 70'000.0) / 4));
    CHECK(histogram{}.value_at(0.5) == 0);
}
