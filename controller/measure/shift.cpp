#include "controller/measure/shift.hpp"

#include "fusefs/sched/check.hpp"

#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace drainlab::measure {
namespace {

constexpr std::size_t most_for_ratio = 2000;

std::vector<double> thinned(std::span<const std::uint64_t> sorted) {
    const auto n = std::min(sorted.size(), most_for_ratio);
    std::vector<double> out(n);
    for (std::size_t i = 0; i < n; ++i)
        out[i] = std::max(1.0, static_cast<double>(sorted[(2 * i + 1) * sorted.size() / (2 * n)]));
    return out;
}

/// U: over all pairs, how often `after` is larger (half for equals); and the sum of t^3 - t over groups of equal
/// values.
struct counted {
    double u = 0, ties = 0;
};

counted count(std::span<const std::uint64_t> before, std::span<const std::uint64_t> after) {
    counted c;
    std::size_t i = 0, j = 0;
    while (i < before.size() || j < after.size()) {
        const auto at = i == before.size() ? after[j] : j == after.size() ? before[i] : std::min(before[i], after[j]);
        double here = 0, there = 0;
        const auto below = static_cast<double>(i);
        for (; i < before.size() && before[i] == at; ++i) ++here;
        for (; j < after.size() && after[j] == at; ++j) ++there;
        c.u += there * (below + here / 2);
        const double t = here + there;
        c.ties += t * t * t - t;
    }
    return c;
}

double deviation(double n, double m, double ties) {
    const double all = n + m;
    return std::sqrt(std::max(0.0, n * m / 12 * (all + 1 - ties / (all * (all - 1)))));
}

double two_sided(double u, double n, double m, double sd) {
    if (sd == 0) return 1.0;
    const double z = std::max(0.0, std::abs(u - n * m / 2) - 0.5) / sd;
    return std::min(1.0, 2 * boost::math::cdf(boost::math::complement(boost::math::normal{}, z)));
}

}  // namespace

shift shift_of(std::span<const std::uint64_t> before, std::span<const std::uint64_t> after, double confidence) {
    DRAINLAB_CHECK(!before.empty() && !after.empty() && confidence > 0 && confidence < 1);
    const auto c = count(before, after);
    const auto n = static_cast<double>(before.size()), m = static_cast<double>(after.size());
    const double sd = deviation(n, m, c.ties);
    shift s;
    s.chance = two_sided(c.u, n, m, sd);
    const auto x = thinned(before), y = thinned(after);
    std::vector<double> quotients;
    quotients.reserve(x.size() * y.size());
    for (const double b : y)
        for (const double a : x) quotients.push_back(b / a);
    std::sort(quotients.begin(), quotients.end());
    const auto last = quotients.size() - 1;
    s.ratio = (quotients[last / 2] + quotients[(last + 1) / 2]) / 2;
    // The ends lie as many standard deviations of U from the middle as the confidence takes; U in the measure of the
    // thinned sets.
    const double width =
        boost::math::quantile(boost::math::normal{}, 0.5 + confidence / 2) * deviation(n, m, 0) / (n * m);
    const auto rank =
        static_cast<std::size_t>(std::max(0.0, std::floor((0.5 - width) * static_cast<double>(quotients.size()))));
    s.range = {quotients[std::min(rank, last)], quotients[last - std::min(rank, last)]};
    return s;
}

std::vector<double> holm(const std::vector<double>& chances) {
    std::vector<std::size_t> order(chances.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return chances[a] < chances[b]; });
    std::vector<double> out(chances.size());
    double floor = 0;
    for (std::size_t k = 0; k < order.size(); ++k) {
        floor = std::max(floor, std::min(1.0, static_cast<double>(order.size() - k) * chances[order[k]]));
        out[order[k]] = floor;
    }
    return out;
}

}  // namespace drainlab::measure
