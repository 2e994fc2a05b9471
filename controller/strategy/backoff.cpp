#include "controller/strategy/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace drainlab::strategy {

std::chrono::nanoseconds pause_after(const backoff& b, int failed) {
    const double longest = static_cast<double>(b.longest.count());
    const double wanted = static_cast<double>(b.initial.count()) * std::pow(b.factor, failed - 1);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(wanted, longest)));  // also when pow() overflows
}

}  // namespace drainlab::strategy
