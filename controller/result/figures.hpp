// Figures of many unmounts. Internal to this folder.
#pragma once

#include "controller/measure/histogram.hpp"
#include "controller/result/result.hpp"

namespace drainlab::report {

/// In ms; nothing of no value.
std::optional<spread> spread_of(const std::vector<std::uint64_t>& ns);
/// The same, to the precision of the histogram.
std::optional<spread> spread_of(const measure::histogram& ns);
/// Of at least one unmount.
umount_figures figures_of(const std::vector<std::uint64_t>& ns);
/// Sums over all of them; means over the calls, waits or entries that there were.
drain_figures drain_of(const std::vector<umount_sample>& samples);
/// Per cycle the daemon gives quantiles, not samples: p50 is
/// the median of the cycles', p99 their 99th, max the largest.
std::optional<lag_figures> lag_of(const std::vector<lag_figures>& cycles);

/// Adds counts.
void add(switch_figures& into, const switch_figures& more);

/// The values that are there.
template <class Field>
std::vector<std::uint64_t> gather(const std::vector<umount_sample>& samples, Field field) {
    std::vector<std::uint64_t> values;
    for (const auto& s : samples)
        if (const std::optional<std::uint64_t> v = s.*field) values.push_back(*v);
    return values;
}

}  // namespace drainlab::report
