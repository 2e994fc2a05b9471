// What the pictures have in common. Internal to this folder.
#pragma once

#include "controller/report/charts.hpp"

namespace drainlab::report {

/// Of every picture, in units of its own; between left and right lies the axis of time.
inline constexpr double chart_width = 480, chart_left = 8, chart_right = 470;

/// Of ns.
double to_ms(std::uint64_t ns);
/// The longest unmount, at least 1 ns.
std::uint64_t slowest(const cells& all);
/// The axis of time, ms, with room for the longest unmount; linear from 0 on.
scale linear_time(const cells& all);
/// The same from a little below the shortest on, so that tenfold is always as far.
scale logarithmic_time(const cells& all);

/// The class that gives the k-th of several its colour.
std::string colour_of(std::size_t k);
/// Names in a row, each in its colour.
void add_legend(drawing& d, const std::vector<std::string>& names, double x, double y);

}  // namespace drainlab::report
