#include "controller/measure/quantile.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <algorithm>

using namespace drainlab::measure;

TEST_CASE("the published rule picks sample floor(p * (n - 1))", "[quantile]") {
    CHECK(quantile_index(0.5, 1) == 0);
    CHECK(quantile_index(0.5, 2) == 0);
    CHECK(quantile_index(0.5, 40) == 19);
    CHECK(quantile_index(0.95, 21) == 19);   // a product that is a whole number only up to rounding
    CHECK(quantile_index(0.95, 100) == 94);  // 94.05
    CHECK(quantile_index(0.99, 101) == 99);
    CHECK(quantile_index(1.0, 7) == 6);
    CHECK(quantile_index(0.0, 7) == 0);
}

TEST_CASE("with 20 samples p95 and p99 are one sample and not the maximum, as in the published tables", "[quantile]") {
    CHECK(quantile_index(0.95, 20) == 18);
    CHECK(quantile_index(0.99, 20) == 18);
    CHECK(quantile_index(0.95, 100) < quantile_index(0.99, 100));
}

TEST_CASE("a quantile is one of the values, and no smaller for a larger p", "[quantile]") {
    CHECK(rc::check([](std::vector<std::uint64_t> values, unsigned a, unsigned b) {
        RC_PRE(!values.empty());
        const double lo = std::min(a % 1001, b % 1001) / 1000.0;
        const double hi = std::max(a % 1001, b % 1001) / 1000.0;
        const auto s = sorted(values);
        RC_ASSERT(std::find(values.begin(), values.end(), quantile(s, lo)) != values.end());
        RC_ASSERT(quantile(s, lo) <= quantile(s, hi));
        RC_ASSERT(quantile(s, 0.0) == *std::min_element(values.begin(), values.end()));
        RC_ASSERT(quantile(s, 1.0) == *std::max_element(values.begin(), values.end()));
    }));
}

TEST_CASE("the mean of nothing is 0", "[quantile]") {
    CHECK(mean({}) == 0.0);
    const std::vector<std::uint64_t> values{1, 2, 6};
    CHECK(mean(values) == Approx(3.0));
}
