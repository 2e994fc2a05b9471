// What a result says, in a sentence.
#pragma once

#include "controller/result/result.hpp"

#include <string>
#include <vector>

namespace drainlab::report {

/// One sentence a scenario (and point of a sweep): under which policy an unmount takes how many times as long as under
/// the one it is
/// compared with, with its 95 % interval; or why that cannot be said. At least one.
std::vector<std::string> answers(const result& r);

/// What was measured and what was modelled, and with what.
std::string provenance(const result& r);

/// "scenario, policy" or the like: what names a cell among all of a result, without what all have in common.
std::string label(const cell& c);
/// "idle_cross_pressure, hz=100": scenario and point.
std::string place_of(const cell& c);

/// Cells by scenario and point, in order of appearance.
std::vector<std::vector<const cell*>> by_scenario(const result& r);

/// The comparison of a cell; null where there is none.
const comparison* comparison_of(const result& r, const cell& c);

}  // namespace drainlab::report
