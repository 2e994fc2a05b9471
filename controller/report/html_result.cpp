#include "controller/report/answer.hpp"
#include "controller/report/charts.hpp"
#include "controller/report/html_parts.hpp"
#include "controller/report/markup.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace drainlab::report {
namespace {

std::string number(const std::optional<double>& v) { return v ? short_number(*v) : "-"; }

/// The samples for the script: umount, detached, drain begins, drained, dead, synchronize, barrier, flush, in ns.
std::string data_of(const cells& all) {
    nlohmann::json out{{"cells", nlohmann::json::array()}, {"kinds", nlohmann::json::object()}};
    for (const auto* kind : {"call", "sync", "synchronize", "barrier", "flush", "own", "evict", "return", "unknown"})
        out["kinds"][kind] = explained(kind);
    const auto maybe = [](const std::optional<std::uint64_t>& v) { return v ? nlohmann::json(*v) : nlohmann::json(); };
    for (const auto* c : all) {
        auto rows = nlohmann::json::array();
        for (const auto& s : samples_of(*c))
            rows.push_back({s.umount_ns, maybe(s.detached_ns), maybe(s.drain_begins_ns), maybe(s.drained_ns),
                            maybe(s.dead_ns), s.synchronize_ns, s.barrier_ns, s.flush_ns});
        out["cells"].push_back({{"name", label(*c)}, {"samples", rows}});
    }
    auto text = out.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) text.replace(at, 1, "\\u003c");
    return "<script type=\"application/json\" class=\"data\">" + text + "</script>\n";
}

std::string umount_table(const result& r, const cells& all) {
    const bool compared = std::any_of(all.begin(), all.end(), [&](const cell* c) { return comparison_of(r, *c); });
    std::vector<std::string> head{"umount, ms", "p50", "95 %", "p95", "p99", "max", "n"};
    if (compared) head.insert(head.end(), {"ratio", "95 %"});
    std::string rows;
    for (const auto* c : all) {
        if (!c->umount_ms) continue;
        const auto& u = *c->umount_ms;
        rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{} to {}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
                            escaped(label(*c)), short_number(u.p50), short_number(u.p50_ci95[0]),
                            short_number(u.p50_ci95[1]), number(u.p95), number(u.p99), short_number(u.max), c->samples);
        const auto* x = comparison_of(r, *c);
        const char* css = !x || (x->ci95[0] <= 1 && x->ci95[1] >= 1) ? ""
                          : x->p50_ratio > 1                         ? " class=\"bad\""
                                                                     : " class=\"good\"";
        if (compared)
            rows += fmt::format("<td{}>{}</td><td>{}</td>", css, x ? fmt::format("{:.2f}", x->p50_ratio) : "",
                                x ? fmt::format("{:.2f} to {:.2f}", x->ci95[0], x->ci95[1]) : "");
        rows += "</tr>";
    }
    return table(head, rows, "figures");
}

std::string drain_table(const cells& all) {
    if (std::none_of(all.begin(), all.end(), [](const cell* c) { return c->drain.calls > 0; })) return "";
    std::string text = "<h3>Inside cgroup_writeback_umount()</h3><div class=\"wide\"><table><thead>" +
                       table_row({"ms", "calls", "waited", "a call", "synchronize", "barrier", "flush", "in flight",
                                  "by vote", "offline", "blkcg"},
                                 "th") +
                       "</thead><tbody>";
    for (const auto* c : all) {
        const auto& d = c->drain;
        const auto& p = d.parts_ms;
        const auto& by = c->switches.by_producer;
        text +=
            table_row({label(*c), std::to_string(d.calls), std::to_string(d.waited), short_number(d.per_call_us / 1e3),
                       p ? short_number(p->synchronize) : "-", p ? short_number(p->barrier) : "-",
                       p ? short_number(p->flush) : "-", number(d.in_flight_mean), std::to_string(by.vote),
                       std::to_string(by.offline), std::to_string(by.blkcg)});
    }
    return text +
           "</tbody></table></div><p class=\"dim\">Parts are means over the calls that waited; the last three columns "
           "count the switches queued, by who asked for them.</p>\n";
}

std::string legend(const cells& all) {
    std::string text = "<p>";
    for (const auto* kind : kinds_of(all))
        text += fmt::format("<span class=\"key\"><i class=\"w-{}\"></i>{}</span>", kind, escaped(explained(kind)));
    return text + "</p>";
}

std::string with_focus(std::string svg) {
    return svg.replace(svg.find("class=\"chart\""), 13, "tabindex=\"0\" class=\"chart strip\"");
}

std::string scenario(const document& d, const cells& all, const std::string& id) {
    const auto& first = *all.front();
    std::string text =
        fmt::format("<section class=\"scenario\" id=\"{}\"><h2>{}</h2>\n", id,
                    escaped(first.title.empty() ? place_of(first) : first.title + " (" + place_of(first) + ")"));
    for (const auto* c : all) {
        for (const auto& v : c->violations)
            text += fmt::format("<p class=\"bad\">Violation under {}: {}: {}</p>\n", escaped(label(*c)),
                                escaped(v.invariant), escaped(v.message));
        for (const auto& seen : c->observations)
            text += fmt::format("<p class=\"dim\">{}: {}</p>\n", escaped(label(*c)), escaped(seen));
    }
    text +=
        "<h3>How long each unmount took</h3><p><button type=\"button\" class=\"scale\" "
        "aria-pressed=\"false\">logarithmic axis</button> <span class=\"dim\">every dot is an unmount, the bars are "
        "p50, "
        "p95 and p99; click a dot, or use the arrow keys</span></p>\n";
    text += "<figure class=\"strip\">" + with_focus(strip_chart(all, id + "-strip").markup()) +
            "<figcaption><output></output></figcaption></figure>\n";
    text += "<h3>Where its time goes</h3>" + legend(all) + "<figure>" +
            waterfall_chart(all, id + "-fall", shown::on_page).markup() + "</figure>\n";
    text += umount_table(*d.bench, all) + drain_table(all);
    for (const auto& chart : in_flight_chart(all, id + "-flight"))
        text += "<h3>Switches in flight when each drain began</h3><figure>" + chart.markup() + "</figure>\n";
    if (first.strategy)
        for (const auto& chart : order_chart(all, id + "-order"))
            text += "<h3>In the order of measuring</h3><figure class=\"order\">" + chart.markup() + "</figure>\n";
    for (const auto& chart : backlog_chart(all, id + "-backlog"))
        text += "<h3>What the caller takes for gone, and still lives</h3><figure class=\"backlog\">" + chart.markup() +
                "</figure>\n";
    return text + data_of(all) + "</section>\n";
}

std::string beside_table(const document& d) {
    if (!d.others || d.others->rows.empty()) return "";
    std::string text = "<h2>Beside the figures called " + escaped(d.others->name) + "</h2><p class=\"dim\">" +
                       escaped(d.others->source) + "</p><div class=\"wide\"><table><thead>" +
                       table_row({"umount, p50 ms", "ours", "theirs", "ratio"}, "th") + "</thead><tbody>";
    for (const auto& b : d.others->rows)
        text += table_row({b.scenario + " " + b.policy, short_number(b.ours_ms), short_number(b.theirs_ms),
                           fmt::format("{:.2f}", b.ours_ms / b.theirs_ms)});
    return text + "</tbody></table></div>\n";
}

}  // namespace

std::string table_row(const std::vector<std::string>& cells, const char* tag) {
    std::string text = "<tr>";
    for (const auto& c : cells) text += fmt::format("<{0}>{1}</{0}>", tag, escaped(c));
    return text + "</tr>";
}

std::string table(const std::vector<std::string>& head, const std::string& rows, const char* css) {
    return fmt::format("<div class=\"wide\"><table class=\"{}\"><thead>{}</thead><tbody>{}</tbody></table></div>\n",
                       css, table_row(head, "th"), rows);
}

std::string html_of_bench(const document& d, const std::string& id) {
    std::string text;
    std::size_t k = 0;
    for (const auto& chart : sweep_charts(*d.bench, id + "-sweep"))
        text += "<figure class=\"sweep\">" + chart.markup() + "</figure>\n";
    for (const auto& line : scaling_of(*d.bench)) text += "<p>" + escaped(line) + "</p>\n";
    for (const auto& all : by_scenario(*d.bench)) {
        cells measured;
        for (const auto* c : all)
            if (!c->umount_ns.empty()) measured.push_back(c);
        if (!measured.empty()) text += scenario(d, measured, fmt::format("{}-s{}", id, k++));
    }
    return text + beside_table(d);
}

}  // namespace drainlab::report
