#include "controller/report/view.hpp"

#include <fmt/format.h>

namespace drainlab::report {
namespace {

std::string ms(const std::optional<double>& v) { return v ? fmt::format("{:.3f}", *v) : "-"; }

/// p50, p95, p99, max.
void add(std::vector<std::string>& row, const std::optional<four_figures>& f) {
    if (!f) {
        row.insert(row.end(), 4, "-");
        return;
    }
    for (const auto& v : {std::optional{f->p50}, f->p95, f->p99, std::optional{f->max}}) row.push_back(ms(v));
}

std::string sentence(const strategy_figures& s) {
    const auto share = 100 * s.success_rate.value_or(0);
    auto text = fmt::format("{}: {:.0f} % of {} unmounts went through", s.name, share, s.unmounts);
    if (s.return_ms) text += fmt::format(", the call took {:.3g} ms", s.return_ms->p50);
    if (s.dead_ms) text += fmt::format(", the superblock was dead after {:.3g} ms", s.dead_ms->p50);
    return text + (s.backlog_max > 0
                       ? fmt::format(" (p50); up to {} still lived when the caller took them for gone.", s.backlog_max)
                       : std::string{" (p50); none still lived when the caller took it for gone."});
}

}  // namespace

std::vector<std::string> strategy_answers(const result& r) {
    std::vector<std::string> all;
    for (const auto& c : r.cells)
        if (c.strategy && c.strategy->unmounts > 0) all.push_back(sentence(*c.strategy));
    return all;
}

std::vector<view_table> strategy_tables(const result& r) {
    view_table became{
        "What became of the unmounts",
        {"", "unmounts", "held", "unmounted", "fell back", "left mounted", "tries, mean", "backlog max", "mean"},
        {}};
    view_table returned{"Until the call returned, ms", {"", "p50", "p95", "p99", "max"}, {}};
    view_table dead{"Until the superblock was really dead, ms", {"", "p50", "p95", "p99", "max"}, {}};
    for (const auto& c : r.cells) {
        if (!c.strategy || c.strategy->unmounts == 0) continue;
        const auto& s = *c.strategy;
        const auto count = [](std::uint64_t n) { return std::to_string(n); };
        became.rows.push_back({s.name, count(s.unmounts), count(s.held), count(s.unmounted), count(s.fell_back),
                               count(s.left_mounted), fmt::format("{:.1f}", s.tries_mean),
                               fmt::format("{:.0f}", s.backlog_max), fmt::format("{:.2f}", s.backlog_mean)});
        returned.rows.push_back({s.name});
        add(returned.rows.back(), s.return_ms);
        dead.rows.push_back({s.name});
        add(dead.rows.back(), s.dead_ms);
    }
    if (became.rows.empty()) return {};
    return {became, returned, dead};
}

}  // namespace drainlab::report
