// A new result held against an old one, cell by cell.
#pragma once

#include "controller/measure/shift.hpp"
#include "controller/result/result.hpp"

#include <string>
#include <vector>

namespace drainlab::report {

/// What counts as a change of the median.
struct compare_options {
    double effect = 0.10;      ///< changes smaller than this do not matter
    double confidence = 0.95;  ///< of the intervals
    double false_alarms =
        0.0045;  ///< chance that some cell of a run is called worse (or better) though nothing changed
};

enum class change { same, better, worse, inconclusive };
/// The word: "same", ... Static.
const char* to_string(change c);

/// One cell in both.
struct cell_change {
    const cell *before = nullptr, *after = nullptr;  ///< borrowed from the results
    measure::shift by;                               ///< after / before
    double chance = 1.0;  ///< of such a shift to this side, after Holm's correction for the number of cells
    change what = change::inconclusive;
};

/// All cells that both have, and whether the two can be compared at all.
struct compared_results {
    std::vector<cell_change> cells;
    /// Why the two should not be compared: other kernel, cells that only one has, too few samples.
    std::vector<std::string> unlike;
    bool any(change c) const;
};

/// The ratio of every cell that both have, with a verdict:
///  - worse (better): the ratio is at least 1 + effect (at most its inverse), and chance is at most false_alarms;
///  - same: the whole interval lies between the two;
///  - inconclusive: neither. So is a cell with fewer than measure::fewest_for_shift samples a side.
compared_results compare(const result& before, const result& after, const compare_options& options);

}  // namespace drainlab::report
