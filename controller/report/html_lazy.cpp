#include "controller/report/charts.hpp"
#include "controller/report/html_parts.hpp"
#include "controller/report/markup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {
namespace {

std::string step_section(const lazy_step& s, double longest, const std::string& id) {
    std::string text = fmt::format("<section class=\"lazy\" id=\"{}\"><h2>{}</h2><figure>{}</figure><ol>", id,
                                   escaped(s.title), lanes_chart(s, longest, id + "-lanes").markup());
    for (const auto& e : s.events) text += fmt::format("<li>{:.3f} ms: {}</li>", e.at_ms, escaped(e.what));
    text += "</ol>";
    for (const auto& c : s.claims)
        text += fmt::format("<p class=\"{}\">{}: {}</p>", c.held ? "good" : "bad", c.held ? "so" : "NOT SO",
                            escaped(c.text));
    return text + "</section>\n";
}

}  // namespace

double longest_ms(const lazy_document& d) {
    double most = 0;
    for (const auto& s : d.steps) {
        for (const auto& span : s.spans) most = std::max(most, span.to_ms);
        for (const auto& e : s.events) most = std::max(most, e.at_ms);
    }
    return most;
}

std::string html_of_lazy(const lazy_document& d, const std::string& id) {
    std::size_t held = 0, all = 0, n = 0;
    for (const auto& s : d.steps)
        for (const auto& c : s.claims) ++all, held += c.held;
    std::string text = fmt::format(
        "<p class=\"answer\">Lazy unmounting in {} steps: {} of {} claims held.</p>\n{}<p class=\"dim\">Measured: the "
        "machine's clock, on real mounts. Modelled: nothing but the length of each drain, which was asked for.</p>\n",
        d.steps.size(), held, all, d.complete ? "" : "<p class=\"bad\">Incomplete: it was interrupted.</p>\n");
    for (const auto& s : d.steps) text += step_section(s, longest_ms(d), fmt::format("{}-step{}", id, n++));
    return text;
}

}  // namespace drainlab::report
