#include "controller/report/view.hpp"
#include "controller/result/collect.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {
namespace {

std::string count(std::uint64_t n) { return std::to_string(n); }
std::string ms(const std::optional<double>& v, const char* none) { return v ? fmt::format("{:.3f}", *v) : none; }

std::string labels_of(const churn_outcome& o, const churn_action& a) {
    return metric_label("mounts", o.mounts) + "," + metric_label("action", a.name);
}

view_table actions(const churn_outcome& o) {
    view_table t{fmt::format("{}: {} cycles in {:.1f} s, {:.0f} a second", o.mounts, o.cycles, o.elapsed_s, o.per_s),
                 {"umount, ms", "cycles", "held", "EBUSY", "p50", "p95", "p99", "max"},
                 {}};
    for (const auto& a : o.actions)
        t.rows.push_back({a.name, count(a.cycles), count(a.held), count(a.busy), ms(a.p50_ms, "-"), ms(a.p95_ms, "-"),
                          ms(a.p99_ms, "-"), ms(a.max_ms, "-")});
    return t;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> buckets_of(const measure::histogram& h) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
    h.each([&](std::uint64_t, std::uint64_t high, std::uint64_t n) { all.emplace_back(std::min(high, h.max()), n); });
    return all;
}

/// Times of single unmounts, of which a long churn keeps one in so many.
cell cell_of(const churn_outcome& o, const churn_action& a) {
    collector all{"churn", a.name, o.mounts};
    for (const auto& u : o.unmounts) {
        if (u.action != a.name) continue;
        cycle_sample one;
        one.umounts.resize(1);
        one.umounts.front().umount_ns = u.took_ns;
        if (u.dead_ns) one.umounts.front().dead_ns = u.dead_ns;
        all.add(one);
    }
    return all.make();
}

void add_outcome(view& v, const churn_outcome& o) {
    v.tables.push_back(actions(o));
    metric &cycles = v.metrics[0], &held = v.metrics[1], &busy = v.metrics[2], &violations = v.metrics[3];
    for (const auto& a : o.actions) {
        v.rows.rows.push_back({o.mounts, a.name, count(a.cycles), count(a.held), count(a.busy), ms(a.p50_ms, ""),
                               ms(a.p95_ms, ""), ms(a.p99_ms, ""), ms(a.max_ms, "")});
        cycles.all.push_back({labels_of(o, a), static_cast<double>(a.cycles)});
        held.all.push_back({labels_of(o, a), static_cast<double>(a.held)});
        busy.all.push_back({labels_of(o, a), static_cast<double>(a.busy)});
        if (a.histogram) v.times.push_back({labels_of(o, a), buckets_of(*a.histogram)});
        if (auto c = cell_of(o, a); !c.umount_ns.empty()) v.cells.push_back(std::move(c));
    }
    violations.all.push_back({metric_label("mounts", o.mounts), static_cast<double>(o.violations.size())});
    for (const auto& u : o.unmounts) {
        const auto at = static_cast<double>(u.at_ns) / 1e6, took = static_cast<double>(u.took_ns) / 1e6;
        v.samples.rows.push_back(
            {o.mounts, u.action, count(u.at_ns), count(u.took_ns), u.dead_ns ? count(*u.dead_ns) : ""});
        v.lanes.push_back({"churn of " + o.mounts, u.action, "umount", at, at + took});
        if (u.dead_ns && *u.dead_ns > u.took_ns)
            v.lanes.push_back({"churn of " + o.mounts, u.action + ": until dead", "detached", at + took,
                               at + static_cast<double>(*u.dead_ns) / 1e6});
    }
    check c{"no invariant is violated", o.elapsed_s, {}, {}};
    for (const auto& said : o.violations) c.failures.push_back({"violated", said, {}});
    v.suites.push_back({"churn of " + o.mounts, {c}});
}

void add_left(view& v, const churn_document& d) {
    check_suite suite{"what is left behind", {}};
    metric left{"drainlab_churn_left", "gauge", "What was there at the end and should not have been.", {}};
    std::string text;
    for (const auto& [what, n] : d.left) {
        check c{"no " + what, 0, {}, {}};
        if (n > 0) c.failures.push_back({"left_behind", fmt::format("{} {} are left", n, what), {}});
        suite.checks.push_back(std::move(c));
        left.all.push_back({metric_label("what", what), static_cast<double>(n)});
        if (n > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, what);
    }
    v.said.push_back(text.empty() ? "Nothing is left behind." : "LEFT BEHIND: " + text + ".");
    v.suites.push_back(std::move(suite));
    v.metrics.push_back(std::move(left));
}

}  // namespace

view view_of(const churn_document& d) {
    view v;
    v.complete = d.complete;
    auto first = fmt::format("{} mounts at a time, {} cycles of mount and unmount, {:.0f} a second", d.at_once,
                             d.ours.cycles, d.ours.per_s);
    if (d.compared && d.ours.per_s > 0)
        first += fmt::format("; {} makes {:.1f} times as many", d.compared->mounts, d.compared->per_s / d.ours.per_s);
    v.said = {first + fmt::format(". {} violations.", d.ours.violations.size())};
    v.rows = {"",
              {"mounts", "action", "cycles", "held", "busy", "umount_ms_p50", "umount_ms_p95", "umount_ms_p99",
               "umount_ms_max"},
              {}};
    v.samples = {"", {"mounts", "action", "at_ns", "umount_ns", "dead_ns"}, {}};
    v.metrics = {{"drainlab_churn_cycles", "counter", "Cycles of mount and unmount.", {}},
                 {"drainlab_churn_held", "counter", "Unmounts of a mount that somebody held.", {}},
                 {"drainlab_churn_busy", "counter", "Unmounts that were refused with EBUSY.", {}},
                 {"drainlab_churn_violations", "counter", "Invariants violated.", {}}};
    add_outcome(v, d.ours);
    if (d.compared) add_outcome(v, *d.compared);
    add_left(v, d);
    v.said.emplace_back("Measured: the machine's clock, on real mounts.");
    for (const auto& said : d.ours.violations) v.told.push_back({"VIOLATED", {said}});
    return v;
}

}  // namespace drainlab::report
