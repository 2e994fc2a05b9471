// The tables people read, in at most 100 columns.
#pragma once

#include "controller/result/result.hpp"

#include <string>

namespace drainlab::report {

/// How a text is to look, and which policy the answers compare with.
struct text_options {
    bool colour = false;
    int columns = 100;  ///< 80 to 100: what does not fit is wrapped or put on a line of its own
    std::string against = "persb";
};

/// The answers first, then a table per scenario, then what was measured and what was modelled. One unit down a column.
std::string to_text(const result& r, const text_options& options);

/// Comma-separated values with a header: one line per cell. Swept keys are columns; units are in the names; what does
/// not apply is empty.
std::string to_csv(const result& r);
/// One line per unmount, in the order of measuring.
std::string to_samples_csv(const result& r);

/// The answers, and one table per scenario.
std::string to_markdown(const result& r, const text_options& options);

/// `text` broken at blanks into lines of at most `columns`; further ones begin with `indent` blanks.
std::string wrapped(const std::string& text, int columns, int indent = 2);

}  // namespace drainlab::report
