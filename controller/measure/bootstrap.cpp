#include "controller/measure/bootstrap.hpp"

#include "controller/measure/quantile.hpp"
#include "fusefs/sched/check.hpp"
#include "fusefs/sched/random.hpp"

#include <boost/math/special_functions/beta.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace drainlab::measure {
namespace {

/// The value a resample has as its quantile `p` when the uniform order statistic behind it is at its own quantile `u`.
double resampled(std::span<const std::uint64_t> sorted, double p, double u) {
    const auto n = sorted.size();
    const auto k = static_cast<double>(quantile_index(p, n));
    const double position = boost::math::ibeta_inv(k + 1.0, static_cast<double>(n) - k, u);
    const auto rank = static_cast<std::size_t>(std::floor(position * static_cast<double>(n)));
    return static_cast<double>(sorted[std::min(rank, n - 1)]);
}

}  // namespace

interval quantile_ci95(std::span<const std::uint64_t> sorted, double p) {
    DRAINLAB_CHECK(!sorted.empty());
    return {resampled(sorted, p, 0.025), resampled(sorted, p, 0.975)};
}

ratio p50_ratio(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b, std::uint64_t seed, int resamples) {
    DRAINLAB_CHECK(!a.empty() && !b.empty() && resamples > 0);
    sched::random random{seed};
    const auto divide = [](double x, double y) { return x / std::max(y, 1.0); };
    std::vector<double> draws(static_cast<std::size_t>(resamples));
    for (auto& draw : draws) {
        const double x = resampled(a, 0.5, random.uniform());
        const double y = resampled(b, 0.5, random.uniform());
        draw = divide(x, y);
    }
    std::sort(draws.begin(), draws.end());
    const auto at = [&](double p) { return draws[quantile_index(p, draws.size())]; };
    const double value = divide(static_cast<double>(quantile(a, 0.5)), static_cast<double>(quantile(b, 0.5)));
    return {value, {at(0.025), at(0.975)}};
}

}  // namespace drainlab::measure
