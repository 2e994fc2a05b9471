// drainctl compare BASE NEW: per cell the ratio and a verdict.
#include "controller/cli/compare_output.hpp"
#include "controller/cli/result_output.hpp"

namespace drainlab::cli {
namespace {

struct options {
    std::string before, after;
    compare_words how;
    bool force = false;
};

result<exit_code> compare(const options& o) {
    BOOST_OUTCOME_TRY(const auto how, compare_options_of(o.how));
    BOOST_OUTCOME_TRY(const auto before, load_result(o.before));
    BOOST_OUTCOME_TRY(const auto after, load_result(o.after));
    const auto c = report::compare(before, after, how);
    BOOST_OUTCOME_TRYV(refuse_unlike(c, o.force, o.before, o.after));
    print_changes(c, how);
    return c.any(report::change::worse) ? exit_code::regression : exit_code::fine;
}

}  // namespace

void declare_compare(command& c) {
    auto o = std::make_shared<options>();
    c.about("a new result against an old one: same, better or worse, cell by cell",
            "drainctl compare before.json after.json");
    c.positional("BASE", o->before, "a result written with --json, or kept");
    c.positional("NEW", o->after, "another of the same kind");
    declare_compare_options(c, o->how);
    c.flag("--force", o->force, "compare although something is unlike; it is named");
    c.note(
        "Exit 3 when a cell is worse: its ratio is at least 1 + effect, and over all cells together the chance of such "
        "a verdict without a change "
        "is at most --false-alarms (Mann-Whitney, Holm). The ratio is the median of all quotients (Hodges-Lehmann). "
        "What is no longer one machine, "
        "kernel, profile or workload is refused, exit 2.");
    c.run([o] { return compare(*o); });
}

}  // namespace drainlab::cli
