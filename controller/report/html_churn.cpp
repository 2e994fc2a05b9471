#include "controller/report/charts.hpp"
#include "controller/report/html_parts.hpp"
#include "controller/report/markup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {
namespace {

std::string number(const std::optional<double>& v) { return v ? short_number(*v) : "-"; }

std::string rate(const churn_outcome& o) {
    if (!o.per_s_ci95) return fmt::format("{:.0f}", o.per_s);
    return fmt::format("{:.0f} [{:.0f}, {:.0f}]", o.per_s, (*o.per_s_ci95)[0], (*o.per_s_ci95)[1]);
}

std::string actions(const churn_outcome& o) {
    std::string rows;
    for (const auto& a : o.actions)
        rows += table_row({a.name, std::to_string(a.cycles), std::to_string(a.held), std::to_string(a.busy),
                           number(a.p50_ms), number(a.p95_ms), number(a.p99_ms), number(a.max_ms)});
    return table({"umount, ms", "cycles", "held", "EBUSY", "p50", "p95", "p99", "max"}, rows, "actions");
}

std::string figures(const churn_outcome& o, const std::string& id) {
    std::string text;
    for (const auto& chart : churn_latency_chart(o, id + "-latency")) {
        const auto drawn = drawn_of(o).size();
        text += "<h3>How long unmounts took, over time</h3><figure class=\"latency\">" + chart.markup();
        if (const auto all = o.one_in * o.unmounts.size(); drawn < all)
            text += fmt::format("<figcaption>{} of some {} unmounts are drawn, evenly chosen</figcaption>", drawn, all);
        text += "</figure>\n";
    }
    for (const auto& chart : churn_backlog_chart(o, id + "-backlog"))
        text += "<h3>Superblocks that live though their name is gone</h3><figure class=\"backlog\">" + chart.markup() +
                "</figure>\n";
    return text;
}

std::string outcome(const churn_outcome& o, const std::string& id) {
    std::string text = fmt::format("<section class=\"churn\" id=\"{}\"><h2>{}: {} cycles in {:.1f} s, {} a second</h2>",
                                   id, escaped(o.mounts), o.cycles, o.elapsed_s, rate(o));
    for (const auto& v : o.violations) text += "<p class=\"bad\">" + escaped(v) + "</p>";
    text += actions(o);
    text += fmt::format("<p class=\"dim\">{} holders killed, {} bytes read back and right", o.holders_killed,
                        o.bytes_verified);
    if (o.daemon_kills > 0)
        text += fmt::format("; the daemon was killed {} times, which cut {} cycles short", o.daemon_kills,
                            o.interrupted_cycles);
    return text + ".</p>" + figures(o, id) + "</section>\n";
}

std::string what_was_left(const churn_document& d) {
    const bool clean = std::all_of(d.left.begin(), d.left.end(), [](const auto& l) { return l.second == 0; });
    std::string head, rows;
    std::vector<std::string> names, counts;
    for (const auto& [what, n] : d.left) {
        names.push_back(what);
        counts.push_back(std::to_string(n));
    }
    return fmt::format("<h2>What was left behind</h2><p class=\"{}\">{}</p>", clean ? "good" : "bad",
                       clean ? "Nothing." : "Not everything is gone.") +
           table(names, table_row(counts), "left");
}

}  // namespace

std::string html_of_churn(const churn_document& d, const std::string& id) {
    std::string text =
        fmt::format("<p class=\"answer\">{} mounts at a time, {} cycles of mount and unmount, {} a second", d.at_once,
                    d.ours.cycles, rate(d.ours));
    if (d.compared && d.ours.per_s > 0)
        text += fmt::format("; {} makes {:.1f} times as many", escaped(d.compared->mounts),
                            d.compared->per_s / d.ours.per_s);
    text += fmt::format(". {} violations.</p>\n", d.ours.violations.size());
    if (!d.complete) text += "<p class=\"bad\">Incomplete: it was interrupted.</p>\n";
    text += "<p class=\"dim\">Measured: the machine's clock, on real mounts.</p>\n" + outcome(d.ours, id + "-ours");
    if (d.compared) text += outcome(*d.compared, id + "-beside");
    return text + what_was_left(d);
}

}  // namespace drainlab::report
