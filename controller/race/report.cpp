#include "controller/race/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::race {

namespace {

double per_second(const search_state& s) { return static_cast<double>(s.schedules) / std::max(s.seconds, 1e-6); }

report::race_example example_of(const counterexample& e) {
    report::race_example x;
    for (const story_row& r : e.told.rows) x.story.push_back({r.task, r.umount, r.switcher, r.state});
    x.schedule = sched::to_string(e.schedule);
    x.invariant = e.what.invariant;
    x.message = e.told.last_words;
    return x;
}

report::race_search search_of(const judgement& j) {
    const search_state& s = j.search.state;
    report::race_search out;
    if (j.under.drain) out.policy = j.under.drain->id();
    if (j.under.names) out.namespace_policy = j.under.names->id();
    out.world = j.world;
    out.verdict = to_string(j.says);
    out.exhausted = j.search.exhausted;
    if (s.bound >= 0) out.preemptions = static_cast<std::uint64_t>(s.bound);
    out.schedules = s.schedules;
    out.tasks = s.tasks;
    out.choice_points = s.choice_points;
    out.seconds = s.seconds;
    for (const window_result& w : j.windows)
        out.windows.push_back({std::string{to_string(w.which)}, std::string{w.excluded_by}, w.reached,
                               w.control_schedules, w.control_schedule});
    if (j.example) out.counterexample = example_of(*j.example);
    return out;
}

}  // namespace

std::string as_options(const subject& s) {
    std::string text;
    if (s.drain) text += "--policy " + std::string{s.drain->id()};
    if (s.names) text += (s.drain ? " " : "") + ("--namespace-policy " + std::string{s.names->id()});
    return text;
}

std::string bound_text(int preemptions) { return preemptions < 0 ? "none" : std::to_string(preemptions); }

report::race_document document_of(const std::vector<judgement>& all) {
    report::race_document d;
    for (const judgement& j : all) d.searches.push_back(search_of(j));
    return d;
}

report::mutants_document document_of(const std::vector<mutant_result>& all) {
    report::mutants_document d;
    for (const mutant_result& m : all) {
        report::mutant_result one{m.parent, m.mutant, m.killed, {}, {}, {}, m.schedules};
        if (m.killed) {
            one.invariant = m.by.invariant;
            one.world = m.world;
            one.message = m.by.message;
        }
        d.mutants.push_back(std::move(one));
    }
    return d;
}

std::string as_line(const judgement& j) {
    const search_state& s = j.search.state;
    std::string line =
        fmt::format("{:<11} {:<15} {:<12} bound {:<4} {:>8} schedules, {:.2f} s, {:.0f}/s", j.under.id(), j.world,
                    to_string(j.says), bound_text(s.bound), s.schedules, s.seconds, per_second(s));
    if (!j.search.exhausted && !j.example) line += fmt::format(", about {:.1f} % done", 100 * s.explored);
    line += fmt::format("\n            {} choice points, {} tasks", s.choice_points, s.tasks);
    for (const window_result& w : j.windows) {
        line += fmt::format("\n            {}: ", to_string(w.which));
        if (w.reached > 0)
            line += fmt::format("reached by {} schedules", w.reached);
        else if (!w.excluded_by.empty())
            line += fmt::format("excluded by {}; without it reached after {} schedules", w.excluded_by,
                                w.control_schedules);
        else
            line += "not reached";
    }
    return line;
}

std::string as_line(const mutant_result& m) {
    if (!m.killed) return fmt::format("{:<36} SURVIVED {} schedules", m.mutant, m.schedules);
    return fmt::format("{:<36} killed by {}, {} schedules of {}", m.mutant, m.by.invariant, m.schedules, m.world);
}

namespace {

struct how {
    const search_options& options;
    const bound_of_world& bound;
};

std::string cell(const world_spec& world, const subject& under, const how& searched) {
    if (!applies(under, world)) return " no such producer |";
    search_options options = searched.options;
    options.preemptions = searched.bound(world);
    const search_result r = search(world, under, options);
    if (r.counterexample) return fmt::format(" **{}** |", r.findings.front().invariant);
    return r.exhausted ? " safe |" : " inconclusive |";
}

std::string heading(const std::string& first, const std::vector<std::string>& titles) {
    std::string out = first, rule = "|";
    for (const auto& title : titles) out += " " + title + " |";
    for (const char c : out.substr(1)) rule += c == '|' ? "---|" : "";
    return out + "\n" + rule + "\n";
}

struct column {
    std::string title;
    world_spec world;
};

/// With and without the locks that shield umount.
std::vector<column> drain_columns(const std::vector<world_spec>& worlds) {
    std::vector<column> columns;
    for (const world_spec& w : worlds) {
        if (w.has_mounts()) continue;
        columns.push_back({w.name, w});
        if (w.producer != "offline") columns.push_back({w.name + ", no s_umount", w.without(shield::s_umount)});
    }
    return columns;
}

std::vector<column> namespace_columns(const std::vector<world_spec>& worlds) {
    std::vector<column> columns;
    for (const world_spec& w : worlds)
        if (!w.has_switches()) columns.push_back({w.name, w});
    return columns;
}

template <class Policy>
std::string table_of(const std::vector<column>& columns, const std::vector<const Policy*>& policies,
                     const how& options) {
    if (columns.empty() || policies.empty()) return {};
    std::vector<std::string> titles;
    for (const column& c : columns) titles.push_back(c.title);
    std::string out = heading("| policy | kernel |", titles);
    for (const auto* policy : policies) {
        out += fmt::format("| `{}` | {} |", policy->id(), policy->versions());
        for (const column& c : columns) out += cell(c.world, *policy, options);
        out += "\n";
    }
    return out + "\n";
}

std::string matrix_of(const world_spec& world, const std::vector<const kernel::drain_policy*>& drains,
                      const std::vector<const kernel::namespace_policy*>& names, const how& options) {
    std::vector<std::string> titles;
    for (const auto* n : names) titles.push_back("`" + std::string{n->id()} + "`");
    std::string out = heading("| " + world.name + " |", titles);
    for (const auto* d : drains) {
        out += fmt::format("| `{}` |", d->id());
        for (const auto* n : names) out += cell(world, {d, n}, options);
        out += "\n";
    }
    return out + "\n";
}

}  // namespace

std::string verdict_tables(const std::vector<world_spec>& worlds,
                           const std::vector<const kernel::drain_policy*>& drains,
                           const std::vector<const kernel::namespace_policy*>& names, const search_options& each,
                           const bound_of_world& bound) {
    const how options{each, bound};
    std::string out = table_of(drain_columns(worlds), drains, options);
    out += table_of(namespace_columns(worlds), names, options);
    for (const world_spec& w : worlds)
        if (w.has_switches() && w.has_mounts() && !drains.empty() && !names.empty())
            out += matrix_of(w, drains, names, options);
    return out;
}

}  // namespace drainlab::race
