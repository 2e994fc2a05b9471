#include "controller/experiment/so_far.hpp"

#include "controller/measure/bootstrap.hpp"
#include "controller/measure/quantile.hpp"

#include <fmt/format.h>

namespace drainlab::experiment {

std::optional<std::string> ratio_so_far(const std::string& name, const std::vector<std::uint64_t>& ns,
                                        const std::string& against, const std::vector<std::uint64_t>& against_ns) {
    constexpr std::size_t fewest = 5, most = 2000;
    if (ns.size() < fewest || against_ns.size() < fewest || ns.size() > most) return std::nullopt;
    const auto r = measure::p50_ratio(measure::sorted(ns), measure::sorted(against_ns), 1, 400);
    return fmt::format("{} / {} {:.1f} [{:.1f}, {:.1f}]", name, against, r.value, r.ci95.low, r.ci95.high);
}

}  // namespace drainlab::experiment
