#include "controller/report/html.hpp"

#include "controller/report/answer.hpp"
#include "controller/report/charts.hpp"
#include "controller/report/html_parts.hpp"
#include "controller/report/markup.hpp"
#include "controller/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace drainlab::report {
namespace {

std::string head_of(const document& d) {
    std::string text;
    const auto& r = *d.bench;
    const bool strategies =
        std::any_of(r.cells.begin(), r.cells.end(), [](const cell& c) { return c.strategy.has_value(); });
    if (strategies)
        text += html_of_strategies(r);
    else
        for (const auto& sentence : answers(r)) text += "<p class=\"answer\">" + escaped(sentence) + "</p>\n";
    if (!r.complete) text += "<p class=\"bad\">Incomplete: the run ended before all samples were taken.</p>\n";
    for (const auto& w : r.run.warnings) text += "<p class=\"dim\">Said before it began: " + escaped(w) + "</p>\n";
    return text + "<p class=\"dim\">" + escaped(provenance(r)) + "</p>\n";
}

std::string body_of(const document& d, std::size_t n) {
    const auto id = fmt::format("d{}", n);
    if (d.bench) return head_of(d) + html_of_bench(d, id);
    if (d.race) return html_of_race(*d.race, id);
    if (d.mutants) return html_of_mutants(*d.mutants);
    if (d.lazy) return html_of_lazy(*d.lazy, id);
    return d.churn ? html_of_churn(*d.churn, id) : "";
}

std::string footer_of(const document& d) {
    std::string text = "<footer><p>" + escaped(d.file);
    if (const auto f = facts_of(d)) {
        text += fmt::format(": {} {} ({}), seed {}", escaped(f->tool.name), escaped(f->tool.version),
                            escaped(f->tool.git), f->seed);
        if (d.bench) text += fmt::format(", {} samples asked for", d.bench->run.samples);
        if (!f->started.empty()) text += fmt::format(", {}, {:.0f} s", escaped(f->started), f->elapsed_s);
        text += fmt::format(", kernel {}, {} CPUs", escaped(f->environment.kernel), f->environment.cpus);
        if (f->environment.governor) text += ", governor " + escaped(*f->environment.governor);
        if (f->load_average)
            text += fmt::format(", load {:.1f} before and {:.1f} after", (*f->load_average)[0], (*f->load_average)[1]);
        std::string command;
        for (const auto& w : f->command) command += (command.empty() ? "" : " ") + w;
        if (!command.empty()) text += "<br><code>" + escaped(command) + "</code>";
    }
    return text + "</p></footer>\n";
}

std::string safe(std::string name) {
    for (auto& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') c = '_';
    return name;
}

}  // namespace

std::string to_html(const std::vector<document>& all) {
    std::string text = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
        "'unsafe-inline'; "
        "script-src 'unsafe-inline'\">\n"
        "<link rel=\"icon\" href=\"data:,\"><title>drainlab "
        "report</title>\n<style>{}{}</style></head><body><main>\n<h1>drainlab report</h1>\n",
        page_css, page_chart_css);
    for (std::size_t n = 0; n < all.size(); ++n) text += body_of(all[n], n) + footer_of(all[n]);
    return text + fmt::format("</main>\n<script>{}</script></body></html>\n", page_js);
}

std::vector<picture> pictures(const std::vector<document>& all) {
    std::vector<picture> out;
    std::set<std::string> taken;
    const auto take = [&](const std::string& wanted, const drawing& d) {
        auto name = safe(wanted);
        for (int n = 2; !taken.insert(name).second; ++n) name = safe(wanted) + "-" + std::to_string(n);
        out.push_back({name, d.file()});
    };
    for (const auto& d : all) {
        if (d.bench) {
            for (const auto& group : by_scenario(*d.bench)) {
                cells measured;
                for (const auto* c : group)
                    if (!c->umount_ns.empty()) measured.push_back(c);
                if (measured.empty()) continue;
                const auto name = place_of(*measured.front());
                take(name + "-samples", strip_chart(measured, "strip"));
                take(name + "-waterfall", waterfall_chart(measured, "fall", shown::alone));
                for (const auto& chart : in_flight_chart(measured, "flight")) take(name + "-in-flight", chart);
                for (const auto& chart : backlog_chart(measured, "backlog")) take(name + "-backlog", chart);
                if (measured.front()->strategy)
                    for (const auto& chart : order_chart(measured, "order")) take(name + "-order", chart);
            }
            for (const auto& chart : sweep_charts(*d.bench, "sweep")) take(chart.name(), chart);
        }
        if (d.lazy)
            for (std::size_t k = 0; k < d.lazy->steps.size(); ++k)
                take(fmt::format("lazy-{}", k + 1), lanes_chart(d.lazy->steps[k], longest_ms(*d.lazy), "lanes"));
        if (d.churn) {
            for (const auto& chart : churn_latency_chart(d.churn->ours, "latency")) take("churn-latency", chart);
            for (const auto& chart : churn_backlog_chart(d.churn->ours, "backlog")) take("churn-backlog", chart);
        }
    }
    return out;
}

}  // namespace drainlab::report
