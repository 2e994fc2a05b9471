// `bench --baseline FILE [--save-baseline FILE]`: today's run against one that was kept.
#pragma once

#include "controller/cli/compare_output.hpp"

#include <functional>
#include <set>
#include <string>

namespace drainlab::cli {

/// Files to compare with and to save to, and how strictly.
struct baseline_options {
    std::optional<std::string> file, save;
    compare_words how;
    bool force = false;
};
/// Adds --baseline, --save-baseline and what goes with them to `bench`. `into` must live as long as the command.
void declare_baseline(command& c, baseline_options& into);

/// Reads and checks everything before anything is measured: the old result (nothing without --baseline), the shares,
/// the file to save to.
result<std::optional<report::result>> load_baseline(const baseline_options& o);

/// Measures the cells (scenario, policy) again; nothing when that could not be done.
using measure_again =
    std::function<std::optional<report::result>(const std::set<std::pair<std::string, std::string>>& suspects)>;

/// Holds `now` against `before`. Cells that are worse are measured again, and only those that are worse in the new
/// samples, too, count:
/// exit 3. Prints to `to`.
result<exit_code> judge_baseline(const baseline_options& o, const report::result& before, const report::result& now,
                                 const measure_again& again, std::FILE* to);

}  // namespace drainlab::cli
