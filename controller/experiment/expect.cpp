#include "controller/experiment/expect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace drainlab::experiment {
namespace {

using outcome = verdict::outcome;

outcome held_if(bool yes) { return yes ? outcome::held : outcome::missed; }

bool within(double v, const expectation& e) {
    return (!e.at_least || v >= *e.at_least) && (!e.at_most || v <= *e.at_most);
}

std::string bounds(const expectation& e) {
    if (e.at_least && e.at_most) return fmt::format("{:g} to {:g}", *e.at_least, *e.at_most);
    if (e.at_least) return fmt::format("at least {:g}", *e.at_least);
    return fmt::format("at most {:g}", e.at_most.value_or(0));
}

/// The cells of the policies named; empty if one is missing or has no sample.
std::vector<const report::cell*> cells_of(const report::result& r, const std::string& scenario,
                                          const std::vector<std::string>& policies) {
    std::vector<const report::cell*> cells;
    for (const auto& p : policies) {
        const auto* c = report::find_cell(r, scenario, p);
        if (!c || !c->umount_ms) return {};
        cells.push_back(c);
    }
    return cells;
}

verdict ratio(const std::vector<const report::cell*>& cells, const expectation& e) {
    const double a = cells[0]->umount_ms->p50;
    const double b = cells[1]->umount_ms->p50;
    const double v = b > 0 ? a / b : 0;
    return {held_if(within(v, e)), fmt::format("p50({}) / p50({}) is {}: {:.2f} / {:.2f} ms = {:.2f}", e.policy,
                                               e.against, bounds(e), a, b, v)};
}

verdict order(const std::vector<const report::cell*>& cells, const expectation& e) {
    std::vector<std::string> figures;
    bool falls = true;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        figures.push_back(fmt::format("{:.2f}", cells[i]->umount_ms->p50));
        if (i > 0 && cells[i]->umount_ms->p50 >= cells[i - 1]->umount_ms->p50) falls = false;
    }
    return {held_if(falls),
            fmt::format("p50 falls in the order {}: {} ms", fmt::join(e.policies, " > "), fmt::join(figures, ", "))};
}

verdict equal(const std::vector<const report::cell*>& cells, const expectation& e) {
    const auto by_p50 = [](const report::cell* a, const report::cell* b) {
        return a->umount_ms->p50 < b->umount_ms->p50;
    };
    const auto [low, high] = std::minmax_element(cells.begin(), cells.end(), by_p50);
    const auto& a = *(*low)->umount_ms;
    const auto& b = *(*high)->umount_ms;
    const bool close = b.p50 <= a.p50 * e.at_most.value_or(1.0);
    const bool overlap = b.p50_ci95[0] <= a.p50_ci95[1];
    return {held_if(close || overlap),
            fmt::format(
                "p50 of {} equal within noise (intervals overlap or factor {:g}): {:.2f} ({}) to {:.2f} ms ({})",
                fmt::join(e.policies, ", "), e.at_most.value_or(1.0), a.p50, (*low)->policy, b.p50, (*high)->policy)};
}

verdict waited(const std::vector<const report::cell*>& cells, const expectation& e) {
    bool all = true;
    std::vector<std::string> figures;
    for (const auto* c : cells) {
        const auto calls = static_cast<double>(std::max<std::uint64_t>(c->drain.calls, 1));
        all = all && c->drain.calls > 0 && within(static_cast<double>(c->drain.waited) / calls, e);
        figures.push_back(fmt::format("{} {}/{}", c->policy, c->drain.waited, c->drain.calls));
    }
    return {held_if(all), fmt::format("share of calls that waited is {}: {}", bounds(e), fmt::join(figures, ", "))};
}

std::uint64_t counted(const report::cell& c, const expectation& e) {
    if (!e.producer) return c.switches.queued;
    const auto& by = c.switches.by_producer;
    return *e.producer == "vote" ? by.vote : *e.producer == "offline" ? by.offline : by.blkcg;
}

verdict switches(const std::vector<const report::cell*>& cells, const expectation& e) {
    bool all = true;
    std::vector<std::string> figures;
    for (const auto* c : cells) {
        const auto n = counted(*c, e);
        all = all && within(static_cast<double>(n), e);
        figures.push_back(fmt::format("{} {}", c->policy, n));
    }
    return {held_if(all), fmt::format("switches{} are {}: {}", e.producer ? " by " + *e.producer : "", bounds(e),
                                      fmt::join(figures, ", "))};
}

verdict no_violation(const std::vector<const report::cell*>& cells, const expectation& e) {
    std::size_t n = 0;
    for (const auto* c : cells) n += c->violations.size();
    return {held_if(n == 0), fmt::format("no invariant violated under {}: {}", fmt::join(e.policies, ", "), n)};
}

}  // namespace

verdict judge(const report::result& r, const std::string& scenario, const expectation& e) {
    auto names = e.policies;
    if (e.kind == "p50_ratio") names = {e.policy, e.against};
    const auto cells = cells_of(r, scenario, names);
    if (cells.empty())
        return {outcome::skipped,
                fmt::format("{} of {}: not all of them are in this run", e.kind, fmt::join(names, ", "))};
    if (e.kind == "p50_ratio") return ratio(cells, e);
    if (e.kind == "p50_order") return order(cells, e);
    if (e.kind == "p50_equal") return equal(cells, e);
    if (e.kind == "waited") return waited(cells, e);
    if (e.kind == "switches") return switches(cells, e);
    return no_violation(cells, e);
}

}  // namespace drainlab::experiment
