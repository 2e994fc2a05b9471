// The table people read: the layout the patch series printed, and under it what the figures are made of.
#pragma once

#include "controller/report/result.hpp"

#include <string>

namespace drainlab::report {

struct text_options {
    bool colour = false;
    std::string against = "persb";
    /// A heading per scenario, e.g. "idle target, four other superblocks churn"; the name alone when missing.
    std::map<std::string, std::string> titles;
};

/// All scenarios, then one line on what was measured and what was modelled.
std::string to_text(const result& r, const text_options& options);

/// Comma-separated values, one line per cell, with a header. Units are in the column names.
std::string to_csv(const result& r);

/// One Markdown table per scenario: policy, p50, p95, p99, max, ratio.
std::string to_markdown(const result& r, const text_options& options);

}  // namespace drainlab::report
