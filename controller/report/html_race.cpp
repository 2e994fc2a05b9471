#include "controller/report/html_parts.hpp"
#include "controller/report/markup.hpp"
#include "controller/report/view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {
namespace {

std::string verdicts(const race_document& d) {
    std::string rows;
    for (const auto& s : d.searches) {
        const char* css = s.verdict == "violates" ? "bad" : s.verdict == "safe" ? "good" : "";
        rows += fmt::format(
            "<tr><td>{}</td><td>{}</td><td class=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(s.name()), escaped(s.world), css, escaped(s.verdict), s.exhausted ? "all" : "not all",
            s.preemptions ? std::to_string(*s.preemptions) : "any", s.schedules, s.choice_points);
    }
    return "<h2>Verdicts</h2>" +
           table({"policy", "world", "verdict", "searched", "preemptions", "schedules", "choice points"}, rows,
                 "verdicts");
}

/// How many schedules met each situation; where none did, which lock is the reason and how soon they do without it.
std::string windows(const race_document& d) {
    std::string rows;
    for (const auto& s : d.searches)
        for (const auto& w : s.windows)
            rows += table_row({s.name(), s.world, w.name, std::to_string(w.reached),
                               w.excluded_by.empty() ? "-" : w.excluded_by,
                               w.control_schedules > 0 ? std::to_string(w.control_schedules) : "-"});
    if (rows.empty()) return "";
    return "<h2>Windows</h2><p class=\"dim\">How many schedules met each situation that a world is about. Where none "
           "did: the lock "
           "that excludes it, and after how many schedules it is met without that lock.</p>" +
           table({"policy", "world", "window", "schedules", "excluded by", "without it"}, rows, "windows");
}

std::string story(const race_search& s, const std::string& id) {
    const auto& e = *s.counterexample;
    std::string rows;
    for (const auto& step : e.story)
        rows += fmt::format("<tr data-state=\"{}\"><td>{}</td><td class=\"l\">{}</td><td class=\"l\">{}</td></tr>\n",
                            escaped(step.state), escaped(step.task), escaped(step.umount), escaped(step.switcher));
    return fmt::format(
        "<section class=\"story\" id=\"{}\" tabindex=\"0\"><h2>{} in {}: {}</h2><p class=\"bad\">{}</p><p><button "
        "type=\"button\" class=\"back\">back</button> <button type=\"button\" class=\"forward\">forward</button> "
        "<span class=\"dim\">or the arrow keys</span></p><div class=\"walk\"><div class=\"state\" "
        "aria-live=\"polite\"></div>{}</div><p class=\"dim\">Again: <code>{}</code></p></section>\n",
        id, escaped(s.name()), escaped(s.world), escaped(e.invariant), escaped(e.message),
        table({"task", "umount", "switcher"}, rows), escaped(again(s)));
}

}  // namespace

std::string html_of_race(const race_document& d, const std::string& id) {
    std::string text = fmt::format(
        "<p class=\"answer\">{}</p>\n<p class=\"dim\">Modelled: every order in which the tasks can run, up to the "
        "number of preemptions; no time passes in it.</p>\n",
        escaped(answer_of(d)));
    std::size_t n = 0;
    std::string stories;
    for (const auto& s : d.searches)
        if (s.counterexample && !s.counterexample->story.empty())
            stories += story(s, fmt::format("{}-story{}", id, n++));
    return text + verdicts(d) + stories + windows(d);
}

std::string html_of_mutants(const mutants_document& d) {
    const auto caught =
        std::count_if(d.mutants.begin(), d.mutants.end(), [](const mutant_result& m) { return m.killed; });
    std::string rows;
    for (const auto& m : d.mutants) {
        const auto by = m.killed ? m.invariant.value_or("?") : std::string{"SURVIVED"};
        rows += fmt::format("<tr><td>{}</td><td class=\"{}\">{}</td><td>{}</td><td>{}</td></tr>", escaped(m.mutant),
                            m.killed ? "" : "bad", escaped(by), escaped(m.world.value_or("-")), m.schedules);
    }
    return fmt::format("<p class=\"answer\">{} of {} policies that were broken on purpose were caught.</p>\n", caught,
                       d.mutants.size()) +
           "<h2>Mutants</h2>" + table({"mutant", "caught by", "in", "schedules"}, rows, "mutants");
}

}  // namespace drainlab::report
