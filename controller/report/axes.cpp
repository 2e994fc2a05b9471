#include "controller/report/axes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {

double to_ms(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }

std::string colour_of(std::size_t k) { return fmt::format("p{}", k % 8); }

void add_legend(drawing& d, const std::vector<std::string>& names, double x, double y) {
    for (std::size_t k = 0; k < names.size(); ++k) {
        d.text(x, y, names[k], fmt::format("class=\"name {}\"", colour_of(k)));
        x += 8.0 * static_cast<double>(names[k].size()) + 14;
    }
}

std::uint64_t slowest(const cells& all) {
    std::uint64_t most = 1;
    for (const auto* c : all)
        for (const auto v : c->umount_ns) most = std::max(most, v);
    return most;
}

scale linear_time(const cells& all) { return {0, to_ms(slowest(all)) * 1.03, chart_left, chart_right, false}; }

scale logarithmic_time(const cells& all) {
    std::uint64_t least = slowest(all);
    for (const auto* c : all)
        for (const auto v : c->umount_ns) least = std::min(least, std::max<std::uint64_t>(v, 1));
    const double low = to_ms(least) * 0.9;
    return {low, std::max(to_ms(slowest(all)) * 1.1, low * 2), chart_left, chart_right, true};
}

}  // namespace drainlab::report
