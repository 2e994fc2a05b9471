#include "controller/report/view.hpp"

#include <fmt/format.h>

namespace drainlab::report {
namespace {

check_suite suite_of(const lazy_step& s) {
    check_suite suite{s.title, {}};
    for (const auto& c : s.claims) {
        suite.checks.push_back({c.text, 0, {}, {}});
        if (!c.held) suite.checks.back().failures.push_back({s.id, "not so: " + c.text, {}});
    }
    return suite;
}

passage told_of(const lazy_step& s, std::size_t number) {
    passage p{fmt::format("{}. {}", number, s.title), {}};
    for (const auto& e : s.events) p.lines.push_back(fmt::format("{:>10.3f} ms  {}", e.at_ms, e.what));
    for (const auto& c : s.claims) p.lines.push_back(fmt::format("{:>13}  {}", c.held ? "so" : "NOT SO", c.text));
    return p;
}

}  // namespace

view view_of(const lazy_document& d) {
    view v;
    v.complete = d.complete;
    v.rows = {"", {"step", "title", "claim", "held"}, {}};
    v.samples = {"", {"step", "at_ms", "what"}, {}};
    metric claims{"drainlab_lazy_claims", "gauge", "Claims of a step.", {}};
    metric held{"drainlab_lazy_claims_held", "gauge", "Claims of a step that were so.", {}};
    std::size_t all = 0, so = 0;
    for (const auto& s : d.steps) {
        std::size_t here = 0;
        for (const auto& c : s.claims) {
            v.rows.rows.push_back({s.id, s.title, c.text, c.held ? "1" : "0"});
            here += c.held ? 1 : 0;
        }
        for (const auto& e : s.events) v.samples.rows.push_back({s.id, fmt::format("{:.3f}", e.at_ms), e.what});
        for (const auto& span : s.spans) v.lanes.push_back({s.title, span.lane, span.lane, span.from_ms, span.to_ms});
        claims.all.push_back({metric_label("step", s.id), static_cast<double>(s.claims.size())});
        held.all.push_back({metric_label("step", s.id), static_cast<double>(here)});
        v.suites.push_back(suite_of(s));
        v.told.push_back(told_of(s, v.told.size() + 1));
        all += s.claims.size();
        so += here;
    }
    v.said = {
        fmt::format("Lazy unmounting in {} steps: {} of {} claims held.", d.steps.size(), so, all),
        "Measured: the machine's clock, on real mounts. Modelled: nothing but the length of each drain, which was "
        "asked for."};
    v.metrics = {claims, held};
    return v;
}

}  // namespace drainlab::report
