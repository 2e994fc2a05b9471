// What `compare` and `bench --baseline` share: options, refusal, table.
#pragma once

#include "controller/cli/command.hpp"
#include "controller/result/compare.hpp"

namespace drainlab::cli {

/// Shares as people write them: 10%, 0.1.
struct compare_words {
    std::string effect = "10%", confidence = "95%", false_alarms = "0.7%";
};
/// Adds --effect, --confidence and --false-alarms. `into` must live as long as the command.
void declare_compare_options(command& c, compare_words& into);
/// The shares as numbers; exit 2 for what is none, or out of range.
result<report::compare_options> compare_options_of(const compare_words& words);

/// Exit 2 when the two are unlike or have no cell in common; with `force` a remark on each difference instead.
result<void> refuse_unlike(const report::compared_results& c, bool force, const std::string& before,
                           const std::string& after);

/// The verdict in a line, then a table, on standard output (or `to`).
void print_changes(const report::compared_results& c, const report::compare_options& how, std::FILE* to = stdout);

}  // namespace drainlab::cli
