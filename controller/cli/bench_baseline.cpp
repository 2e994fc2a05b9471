#include "controller/cli/bench_baseline.hpp"

#include "controller/cli/output.hpp"
#include "controller/cli/result_output.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace drainlab::cli {

void declare_baseline(command& c, baseline_options& into) {
    c.option("--baseline", into.file,
             "an older result: exit 3 if a cell is worse, which is measured again before that is said");
    c.option("--save-baseline", into.save,
             "writes the result there if nothing is wrong with it, for the next --baseline");
    declare_compare_options(c, into.how);
    c.flag("--force", into.force, "with --baseline: compare although something is unlike; it is named");
}

result<std::optional<report::result>> load_baseline(const baseline_options& o) {
    BOOST_OUTCOME_TRYV(compare_options_of(o.how));
    BOOST_OUTCOME_TRYV(check_file("--save-baseline", o.save));
    std::optional<report::result> before;
    if (o.file) { BOOST_OUTCOME_TRY(before, load_result(*o.file)); }
    return before;
}

result<exit_code> judge_baseline(const baseline_options& o, const report::result& before, const report::result& now,
                                 const measure_again& again, std::FILE* to) {
    BOOST_OUTCOME_TRY(const auto how, compare_options_of(o.how));
    const auto first = report::compare(before, now, how);
    BOOST_OUTCOME_TRYV(refuse_unlike(first, o.force, *o.file, "this run"));
    fmt::print(to, "\ncompared with {}\n", *o.file);
    print_changes(first, how, to);
    std::set<std::pair<std::string, std::string>> suspects;
    for (const auto& x : first.cells)
        if (x.what == report::change::worse) suspects.emplace(x.after->scenario, x.after->policy);
    if (suspects.empty()) return exit_code::fine;
    auto more = again(suspects);
    if (!more) {
        remark("what looks worse could not be measured again");
        return exit_code::broken;
    }
    std::erase_if(more->cells, [&](const report::cell& c) { return !suspects.contains({c.scenario, c.policy}); });
    const auto second = report::compare(before, *more, how);
    fmt::print(to, "\nmeasured again\n");
    print_changes(second, how, to);
    return second.any(report::change::worse) ? exit_code::regression : exit_code::fine;
}

}  // namespace drainlab::cli
