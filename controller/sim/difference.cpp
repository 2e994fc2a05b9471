#include "controller/sim/difference.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <vector>

namespace drainlab::sim {
namespace {

struct stretch {
    const char* name;
    std::optional<report::spread> report::phase_figures::*end;
};
using p = report::phase_figures;
constexpr std::array stretches{
    stretch{"umount(8) up to the system call", &p::detached},
    stretch{"the grace period of namespace_unlock() and the sync before the drain", &p::drain_begins},
    stretch{"the drain", &p::drained}, stretch{"the filesystem's shutdown", &p::dead},
    stretch{"the exit of umount(8)", &p::returned}};

/// Lengths of the stretches that were seen; a phase without a value joins the next.
std::vector<std::pair<const char*, double>> lengths(const report::phase_figures& of,
                                                    const report::phase_figures& both) {
    std::vector<std::pair<const char*, double>> all;
    double before = 0;
    for (const auto& s : stretches) {
        const auto &here = of.*s.end, &there = both.*s.end;
        if (!here || !there) continue;
        all.emplace_back(s.name, here->p50 - before);
        before = here->p50;
    }
    return all;
}

}  // namespace

std::string where_it_differs(const report::phase_figures& ours, const report::phase_figures& theirs) {
    const auto a = lengths(ours, theirs), b = lengths(theirs, ours);
    std::size_t most = 0;
    for (std::size_t i = 1; i < a.size(); ++i)
        if (std::abs(a[i].second - b[i].second) > std::abs(a[most].second - b[most].second)) most = i;
    if (a.empty()) return {};
    return fmt::format("mostly in {}: {:.1f} ms, theirs {:.1f}", a[most].first, a[most].second, b[most].second);
}

}  // namespace drainlab::sim
