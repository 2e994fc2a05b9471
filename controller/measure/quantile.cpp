#include "controller/measure/quantile.hpp"

#include "fusefs/sched/check.hpp"

#include <algorithm>
#include <cmath>

namespace drainlab::measure {

std::size_t quantile_index(double p, std::size_t n) {
    DRAINLAB_CHECK(n > 0);
    DRAINLAB_CHECK(p >= 0.0 && p <= 1.0);
    // 0.95 is a little less than 95/100: without the nudge products that are whole numbers would fall below themselves.
    const double exact = p * static_cast<double>(n - 1);
    return std::min(n - 1, static_cast<std::size_t>(std::floor(exact + 1e-9 * (1.0 + exact))));
}

std::uint64_t quantile(std::span<const std::uint64_t> sorted, double p) {
    return sorted[quantile_index(p, sorted.size())];
}

bool supports(double p, std::size_t n) { return static_cast<double>(n) * std::min(p, 1.0 - p) >= 1.0 - 1e-9; }

std::vector<std::uint64_t> sorted(std::span<const std::uint64_t> values) {
    std::vector<std::uint64_t> copy(values.begin(), values.end());
    std::sort(copy.begin(), copy.end());
    return copy;
}

double mean(std::span<const std::uint64_t> values) {
    if (values.empty()) return 0.0;
    double sum = 0.0;
    for (const auto v : values) sum += static_cast<double>(v);
    return sum / static_cast<double>(values.size());
}

}  // namespace drainlab::measure
