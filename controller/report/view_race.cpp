#include "controller/report/view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace drainlab::report {
namespace {

std::string count(std::uint64_t n) { return std::to_string(n); }

std::string labels_of(const race_search& s) {
    return metric_label("policy", s.policy.value_or("")) + "," +
           metric_label("namespace_policy", s.namespace_policy.value_or("")) + "," + metric_label("world", s.world);
}

check check_of(const race_search& s) {
    check c;
    c.name = s.world;
    c.seconds = s.seconds;
    if (s.verdict == "violates") {
        const auto& e = s.counterexample;
        c.failures.push_back({e ? e->invariant : "violated", e ? e->message : "no schedule was kept", {}});
    } else if (s.verdict != "safe") {
        c.skipped = s.verdict == "vacuous" ? "vacuous: no schedule met the situation that this world is about"
                                           : s.verdict + ": not every schedule was tried";
    }
    return c;
}

passage story_of(const race_search& s) {
    const auto& e = *s.counterexample;
    passage p{fmt::format("{} in {}: {}", s.name(), s.world, e.invariant), {}};
    std::size_t n = 0;
    for (const auto& step : e.story)
        p.lines.push_back(fmt::format("{}. {}: {}{}", ++n, step.task, step.umount + step.switcher,
                                      step.state.empty() ? "" : "  [" + step.state + "]"));
    p.lines.push_back(e.message);
    p.lines.push_back("again: " + again(s));
    return p;
}

view_table verdicts(const race_document& d) {
    view_table t{
        "Verdicts", {"policy", "world", "verdict", "searched", "preemptions", "schedules", "choice points"}, {}};
    for (const auto& s : d.searches)
        t.rows.push_back({s.name(), s.world, s.verdict, s.exhausted ? "all" : "not all",
                          s.preemptions ? count(*s.preemptions) : "any", count(s.schedules), count(s.choice_points)});
    return t;
}

view_table windows(const race_document& d) {
    view_table t{"Windows", {"policy", "world", "window", "schedules", "excluded by", "without it"}, {}};
    for (const auto& s : d.searches)
        for (const auto& w : s.windows)
            t.rows.push_back({s.name(), s.world, w.name, count(w.reached), w.excluded_by.empty() ? "-" : w.excluded_by,
                              w.control_schedules > 0 ? count(w.control_schedules) : "-"});
    return t;
}

view_table csv_rows(const race_document& d) {
    view_table t{"",
                 {"policy", "namespace_policy", "world", "verdict", "exhausted", "preemptions", "schedules", "tasks",
                  "choice_points", "seconds", "invariant", "schedule"},
                 {}};
    for (const auto& s : d.searches)
        t.rows.push_back({s.policy.value_or(""), s.namespace_policy.value_or(""), s.world, s.verdict,
                          s.exhausted ? "1" : "0", s.preemptions ? count(*s.preemptions) : "", count(s.schedules),
                          count(s.tasks), count(s.choice_points), fmt::format("{}", s.seconds),
                          s.counterexample ? s.counterexample->invariant : "",
                          s.counterexample ? s.counterexample->schedule : ""});
    return t;
}

std::vector<metric> metrics_of(const race_document& d) {
    metric schedules{"drainlab_race_schedules", "counter", "Schedules that were tried.", {}};
    metric violates{"drainlab_race_violates", "gauge", "1 if a schedule violates an invariant.", {}};
    metric safe{"drainlab_race_safe", "gauge", "1 if the world is safe under the policy.", {}};
    for (const auto& s : d.searches) {
        schedules.all.push_back({labels_of(s), static_cast<double>(s.schedules)});
        violates.all.push_back({labels_of(s), s.verdict == "violates" ? 1.0 : 0.0});
        safe.all.push_back({labels_of(s), s.verdict == "safe" ? 1.0 : 0.0});
    }
    return {schedules, violates, safe};
}

/// Adds it to the suite of that name.
void add(std::vector<check_suite>& suites, const std::string& name, check c) {
    auto at = std::find_if(suites.begin(), suites.end(), [&](const check_suite& s) { return s.name == name; });
    if (at == suites.end()) at = suites.insert(suites.end(), {name, {}});
    at->checks.push_back(std::move(c));
}

}  // namespace

std::string again(const race_search& s) {
    std::string text = "drainctl race";
    if (s.policy) text += " --policy " + *s.policy;
    if (s.namespace_policy) text += " --namespace-policy " + *s.namespace_policy;
    return text + " --world " + s.world + (s.counterexample ? " --schedule " + s.counterexample->schedule : "");
}

std::string answer_of(const race_document& d) {
    constexpr std::size_t named = 4;
    std::vector<std::string> where;
    for (const auto& s : d.searches)
        if (s.verdict == "violates") where.push_back(fmt::format("{} in {}", s.name(), s.world));
    const auto violate = where.size();
    if (violate > named) where.resize(named);
    return fmt::format("{} of {} searches found a schedule that violates an invariant{}{}{}.", violate,
                       d.searches.size(), violate > 0 ? ": " : "", fmt::join(where, ", "),
                       violate > named ? fmt::format(" and {} more", violate - named) : std::string{});
}

view view_of(const race_document& d) {
    view v;
    v.said = {answer_of(d),
              "Modelled: every order in which the tasks can run, up to the number of preemptions; no time passes in "
              "it."};
    v.tables = {verdicts(d)};
    if (auto w = windows(d); !w.rows.empty()) v.tables.push_back(std::move(w));
    for (const auto& s : d.searches) {
        if (s.counterexample) v.told.push_back(story_of(s));
        add(v.suites, s.name(), check_of(s));
    }
    v.rows = csv_rows(d);
    v.metrics = metrics_of(d);
    return v;
}

view view_of(const mutants_document& d) {
    view v;
    const auto caught =
        std::count_if(d.mutants.begin(), d.mutants.end(), [](const mutant_result& m) { return m.killed; });
    v.said = {fmt::format("{} of {} policies that were broken on purpose were caught.", caught, d.mutants.size())};
    view_table t{"", {"mutant", "caught by", "in", "schedules"}, {}};
    v.rows = {"", {"policy", "mutant", "killed", "invariant", "world", "schedules"}, {}};
    metric killed{"drainlab_mutant_killed", "gauge", "1 if the broken policy was caught.", {}};
    metric schedules{"drainlab_mutant_schedules", "counter", "Schedules that were tried.", {}};
    for (const auto& m : d.mutants) {
        t.rows.push_back(
            {m.mutant, m.killed ? m.invariant.value_or("?") : "SURVIVED", m.world.value_or("-"), count(m.schedules)});
        v.rows.rows.push_back({m.policy, m.mutant, m.killed ? "1" : "0", m.invariant.value_or(""), m.world.value_or(""),
                               count(m.schedules)});
        const auto labels = metric_label("policy", m.policy) + "," + metric_label("mutant", m.mutant);
        killed.all.push_back({labels, m.killed ? 1.0 : 0.0});
        schedules.all.push_back({labels, static_cast<double>(m.schedules)});
        check c{m.mutant, 0, {}, {}};
        if (!m.killed) c.failures.push_back({"survived", fmt::format("no schedule of {} caught it", m.schedules), {}});
        add(v.suites, m.policy, std::move(c));
    }
    v.tables = {t};
    v.metrics = {killed, schedules};
    return v;
}

}  // namespace drainlab::report
