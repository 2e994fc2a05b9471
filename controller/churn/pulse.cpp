#include "controller/churn/pulse.hpp"

#include <algorithm>
#include <cmath>

namespace drainlab::churn {

namespace {
constexpr double z95 = 1.96;
}

std::optional<rate> ratio_of(const rate& a, const rate& b) {
    if (a.per_s <= 0 || b.per_s <= 0) return std::nullopt;
    const auto share = [](const rate& r) { return (r.high - r.per_s) / r.per_s; };
    const double value = a.per_s / b.per_s, spread = std::hypot(share(a), share(b));
    return rate{value, value * std::exp(-spread), value * std::exp(spread)};
}

void pulse::look(std::uint64_t cycles_done, std::uint64_t backlog) {
    if (looks_ % looks_a_bin_ == 0) {
        if (bins_.size() == most_bins) {
            for (std::size_t i = 0; i < most_bins / 2; ++i) bins_[i] = std::max(bins_[2 * i], bins_[2 * i + 1]);
            bins_.resize(most_bins / 2);
            looks_a_bin_ *= 2;
        }
        bins_.push_back(backlog);
    }
    bins_.back() = std::max(bins_.back(), backlog);
    ++looks_;
    cycles_ = cycles_done;
    if (looks_ % looks_a_window != 0) return;
    const double length = every_s_ * static_cast<double>(looks_a_window);
    const double now = static_cast<double>(cycles_ - window_began_at_) / length;
    window_began_at_ = cycles_;
    ++windows_;
    const double off = now - mean_;
    mean_ += off / static_cast<double>(windows_);
    squares_ += off * (now - mean_);
}

std::optional<rate> pulse::cycles_per_s() const {
    if (windows_ < fewest) return std::nullopt;
    const auto n = static_cast<double>(windows_);
    const double off = z95 * std::sqrt(squares_ / (n - 1) / n);
    return rate{mean_, std::max(0.0, mean_ - off), mean_ + off};
}

report::churn_backlog pulse::backlog() const { return {every_s_ * 1e3 * static_cast<double>(looks_a_bin_), bins_}; }

}  // namespace drainlab::churn
