#include "controller/race/report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::race {

using nlohmann::json;

namespace {

json story_of(const story& s) {
    json rows = json::array();
    for (const story_row& r : s.rows)
        rows.push_back({{"task", r.task}, {"umount", r.umount}, {"switcher", r.switcher}, {"state", r.state}});
    return rows;
}

json windows_of(const judgement& j) {
    json all = json::object();
    for (const window_result& w : j.windows) {
        json one{{"reached", w.reached}, {"excluded_by", nullptr}};
        if (!w.excluded_by.empty()) {
            one["excluded_by"] = w.excluded_by;
            one["control"] = {{"schedules", w.control_schedules}, {"schedule", w.control_schedule}};
        }
        all[std::string{to_string(w.which)}] = one;
    }
    return all;
}

double per_second(const search_state& s) { return static_cast<double>(s.schedules) / std::max(s.seconds, 1e-6); }

}  // namespace

std::string bound_text(int preemptions) { return preemptions < 0 ? "none" : std::to_string(preemptions); }

json race_document(const std::vector<judgement>& all) {
    json results = json::array();
    for (const judgement& j : all) {
        const search_state& s = j.search.state;
        json one{{"policy", j.policy},
                 {"world", j.world},
                 {"verdict", to_string(j.says)},
                 {"exhausted", j.search.exhausted},
                 {"preemptions", s.bound < 0 ? json{} : json(s.bound)},
                 {"schedules", s.schedules},
                 {"tasks", j.search.state.tasks},
                 {"choice_points", s.choice_points},
                 {"seconds", s.seconds},
                 {"windows", windows_of(j)},
                 {"counterexample", nullptr}};
        if (j.example)
            one["counterexample"] = {{"steps", j.example->told.rows.size()},
                                     {"story", story_of(j.example->told)},
                                     {"schedule", sched::to_string(j.example->schedule)},
                                     {"invariant", j.example->what.invariant},
                                     {"message", j.example->told.last_words}};
        results.push_back(one);
    }
    return {{"schema", "drainlab.race/1"}, {"results", results}};
}

json mutants_document(const std::vector<mutant_result>& all) {
    json mutants = json::array();
    for (const mutant_result& m : all)
        mutants.push_back({{"policy", m.parent},
                           {"mutant", m.mutant},
                           {"killed", m.killed},
                           {"invariant", m.killed ? json(m.by.invariant) : json{}},
                           {"world", m.killed ? json(m.world) : json{}},
                           {"message", m.killed ? json(m.by.message) : json{}},
                           {"schedules", m.schedules}});
    return {{"schema", "drainlab.mutants/1"}, {"mutants", mutants}};
}

std::string as_line(const judgement& j) {
    const search_state& s = j.search.state;
    std::string line = fmt::format(
        "{:<11} {:<15} {:<12} bound {:<4} {:>8} schedules, {:>8} choice points, {} tasks, {:.2f} s, {:.0f}/s", j.policy,
        j.world, to_string(j.says), bound_text(s.bound), s.schedules, s.choice_points, j.search.state.tasks, s.seconds,
        per_second(s));
    if (!j.search.exhausted && !j.example) line += fmt::format(", about {:.1f} % done", 100 * s.explored);
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
    return fmt::format("{:<36} killed by {:<19} after {:>6} schedules, in {}", m.mutant, m.by.invariant, m.schedules,
                       m.world);
}

std::vector<table_column> table_columns(const std::vector<world_spec>& worlds) {
    std::vector<table_column> columns;
    for (const world_spec& w : worlds) {
        columns.push_back({w.name, w});
        if (w.producer != "offline") columns.push_back({w.name + ", no s_umount", w.without(shield::s_umount)});
    }
    return columns;
}

std::string verdict_table(const std::vector<table_column>& columns,
                          const std::vector<const kernel::drain_policy*>& policies, const search_options& options) {
    std::string out = "| policy | kernel |";
    std::string rule = "|---|---|";
    for (const table_column& c : columns) {
        out += " " + c.title + " |";
        rule += "---|";
    }
    out += "\n" + rule + "\n";
    for (const auto* policy : policies) {
        out += fmt::format("| `{}` | {} |", policy->id(), policy->versions());
        for (const table_column& c : columns) {
            if (!applies(*policy, c.world)) {
                out += " no such producer |";
                continue;
            }
            const search_result r = search(c.world, *policy, options);
            if (r.counterexample)
                out += fmt::format(" **{}** |", r.findings.front().invariant);
            else
                out += r.exhausted ? " safe |" : " inconclusive |";
        }
        out += "\n";
    }
    return out;
}

}  // namespace drainlab::race
