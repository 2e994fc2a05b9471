#include "controller/cli/compare_output.hpp"

#include "controller/cli/fit_lines.hpp"
#include "controller/cli/output.hpp"
#include "controller/measure/quantile.hpp"
#include "controller/report/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <vector>

namespace drainlab::cli {
namespace {

using report::change;

result<double> share(const std::string& option, const std::string& word, double most) {
    const bool percent = word.ends_with('%');
    const auto* end = word.data() + word.size() - (percent ? 1 : 0);
    double v = -1;
    const auto [rest, error] = std::from_chars(word.data(), end, v);
    if (percent) v /= 100;
    if (error != std::errc{} || rest != end || !(v > 0 && v <= most))
        return client::usage_error(
            fmt::format("{} {}: a share is expected, as 10% or 0.1, of at most {:g}%", option, word, most * 100));
    return v;
}

int count(const report::compared_results& c, change what) {
    int n = 0;
    for (const auto& x : c.cells) n += x.what == what;
    return n;
}

double p50_ms(const report::cell& c) {
    return static_cast<double>(measure::quantile(measure::sorted(c.umount_ns), 0.5)) / 1e6;
}

}  // namespace

void declare_compare_options(command& c, compare_words& into) {
    c.option("--effect", into.effect, "a smaller change does not matter (default 10%)");
    c.option("--confidence", into.confidence, "of the intervals (default 95%)");
    c.option("--false-alarms", into.false_alarms,
             "the chance that some cell is called worse though nothing changed (default 0.45%)");
}

result<report::compare_options> compare_options_of(const compare_words& words) {
    report::compare_options o;
    BOOST_OUTCOME_TRY(o.effect, share("--effect", words.effect, 100));
    BOOST_OUTCOME_TRY(o.confidence, share("--confidence", words.confidence, 0.9999));
    BOOST_OUTCOME_TRY(o.false_alarms, share("--false-alarms", words.false_alarms, 0.5));
    return o;
}

result<void> refuse_unlike(const report::compared_results& c, bool force, const std::string& before,
                           const std::string& after) {
    if (c.cells.empty()) return client::usage_error(before + " and " + after + " have no cell with samples in common");
    if (c.unlike.empty()) return client::success();
    if (!force)
        return client::usage_error(before + " and " + after + " are not alike: " + words::join(c.unlike, "; "),
                                   "--force compares what can be compared");
    for (const auto& what : c.unlike) remark("ignored: " + what);
    return client::success();
}

void print_changes(const report::compared_results& c, const report::compare_options& how, std::FILE* to) {
    fmt::print(to, "{} of {} cells worse, {} better, {} the same, {} inconclusive (effect {:g} %)\n\n",
               count(c, change::worse), c.cells.size(), count(c, change::better), count(c, change::same),
               count(c, change::inconclusive), 100 * how.effect);
    std::size_t width = 14;
    std::vector<std::string> names;
    for (const auto& x : c.cells) {
        names.push_back(report::place_of(*x.after) + " " + report::label(*x.after));
        width = std::max(width, names.back().size());
    }
    constexpr int figures = 66;
    width = std::min(width, static_cast<std::size_t>(columns() - figures));
    fmt::print(to, "  {:<{}}{:>9}{:>9}{:>7}  {:<15}{:>8}  {}\n", "umount, p50 ms", width, "base", "new", "ratio",
               fmt::format("{:g} %", 100 * how.confidence), "chance", "verdict");
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& x = c.cells[i];
        const char* paint = x.what == change::worse ? "31" : x.what == change::better ? "32" : nullptr;
        const auto verdict = paint && to == stdout ? painted(to_string(x.what), paint) : to_string(x.what);
        const bool split = names[i].size() > width;
        if (split) fmt::print(to, "{}\n", fit_lines("  " + names[i], columns()));
        fmt::print(to, "  {:<{}}{:>9.3g}{:>9.3g}{:>7.2f}  {:<15}{:>8.2g}  {}\n", split ? "" : names[i], width,
                   p50_ms(*x.before), p50_ms(*x.after), x.by.ratio,
                   fmt::format("[{:.2f}, {:.2f}]", x.by.range.low, x.by.range.high), x.chance, verdict);
    }
}

}  // namespace drainlab::cli
