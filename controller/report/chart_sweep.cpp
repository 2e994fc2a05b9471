// Sweeps: p50 over the values of each key, a panel for each combination of the other keys.
#include "controller/report/answer.hpp"
#include "controller/report/axes.hpp"
#include "controller/report/markup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

namespace drainlab::report {
namespace {

constexpr double panel_width = 240, panel_height = 176;

std::optional<double> number_in(const std::string& word) {
    char* end = nullptr;
    const double v = std::strtod(word.c_str(), &end);
    return end != word.c_str() && *end == '\0' && std::isfinite(v) ? std::optional{v} : std::nullopt;
}

bool by_value(const std::string& a, const std::string& b) {
    const auto x = number_in(a), y = number_in(b);
    return x && y && *x != *y ? *x < *y : a < b;
}

/// Where the values of a key stand: numbers on a scale (logarithmic where they span much), words one beside the other.
struct ruler {
    std::vector<std::string> values;
    bool numbers = true, log = false;
    scale x;

    void place(double left, double right) {
        std::sort(values.begin(), values.end(), by_value);
        for (const auto& v : values) numbers = numbers && number_in(v);
        if (!numbers || values.size() < 2) {
            numbers = false;
            x = {-0.4, static_cast<double>(values.size()) - 0.6, left, right, false};
            return;
        }
        const double low = *number_in(values.front()), high = *number_in(values.back());
        log = low > 0 && high / low >= 8;
        x = {low, high, left + 12, right - 12, log};
    }
    double at(const std::string& value) const {
        if (numbers) return x.at(*number_in(value));
        return x.at(static_cast<double>(std::find(values.begin(), values.end(), value) - values.begin()));
    }
};

/// One panel: cells that differ in `key` and policy alone.
struct panel {
    std::string title;
    std::vector<const cell*> cells;
};

std::vector<panel> panels_of(const std::vector<const cell*>& all, const std::string& key) {
    std::vector<panel> panels;
    for (const auto* c : all) {
        std::string title;
        for (const auto& [k, v] : c->point)
            if (k != key) title += fmt::format("{}{}={}", title.empty() ? "" : ", ", k, v);
        auto at = std::find_if(panels.begin(), panels.end(), [&](const panel& p) { return p.title == title; });
        if (at == panels.end()) at = panels.insert(panels.end(), {title, {}});
        at->cells.push_back(c);
    }
    return panels;
}

void draw_line(drawing& d, std::size_t colour, const std::vector<const cell*>& line, const std::string& key,
               const ruler& r, const scale& y) {
    std::string path;
    for (const auto& value : r.values)
        for (const auto* c : line) {
            if (c->point.at(key) != value || !c->umount_ms) continue;
            const double at = r.at(value);
            const auto& u = *c->umount_ms;
            path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", at, y.at(u.p50));
            d.line(at, y.at(u.p50_ci95[0]), at, y.at(u.p50_ci95[1]), "ci " + colour_of(colour));
            d.add(
                fmt::format("<circle class=\"m {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"><title>{}, {}: {} ms [{}, "
                            "{}]</title></circle>",
                            colour_of(colour), at, y.at(u.p50), escaped(label(*c)), escaped(place_of(*c)),
                            short_number(u.p50), short_number(u.p50_ci95[0]), short_number(u.p50_ci95[1])));
        }
    if (!path.empty()) d.add(fmt::format("<path class=\"curve {}\" d=\"{}\"/>", colour_of(colour), path));
}

/// p50 and its interval over all panels, so that they can be compared.
std::pair<double, double> extent(const std::vector<const cell*>& all) {
    double least = 1e12, most = 1e-3;
    for (const auto* c : all) {
        if (!c->umount_ms) continue;
        least = std::min(least, std::max(1e-3, c->umount_ms->p50_ci95[0]));
        most = std::max(most, c->umount_ms->p50_ci95[1]);
    }
    return {std::min(least, most), most};
}

drawing sweep_chart(const std::vector<const cell*>& all, const std::string& key,
                    const std::vector<std::string>& policies, const std::string& id) {
    const auto panels = panels_of(all, key);
    ruler r;
    for (const auto* c : all)
        if (std::find(r.values.begin(), r.values.end(), c->point.at(key)) == r.values.end())
            r.values.push_back(c->point.at(key));
    const bool single = panels.size() == 1;
    const double wide = single ? chart_width : panel_width, tall = single ? 196 : panel_height;
    const auto rows = (panels.size() + (single ? 0 : 1)) / (single ? 1 : 2);
    drawing d{id, all.front()->scenario + ": p50 over " + key, chart_width, tall * static_cast<double>(rows) + 20};
    const auto [least, most] = extent(all);
    for (std::size_t k = 0; k < panels.size(); ++k) {
        const double left = single ? 0 : panel_width * static_cast<double>(k % 2);
        const double top = tall * static_cast<double>(single ? 0 : k / 2) + (panels[k].title.empty() ? 24 : 38);
        const double bottom = tall * static_cast<double>(single ? 1 : k / 2 + 1) - 34;
        r.place(left + 36, left + wide - 10);
        const bool log = r.log || most / least > 50;
        const scale y = log ? scale{least * 0.8, most * 1.25, bottom, top, true} : scale{0, most * 1.1, bottom, top};
        if (!panels[k].title.empty()) d.text(left + 36, top - 24, panels[k].title, "class=\"name\"");
        d.y_axis(y, left + 36, left + wide - 10, "umount p50, ms");
        double last = -1e9;
        for (const auto& v : r.values) {
            if (r.at(v) - last < 7.0 * static_cast<double>(v.size()) + 4) continue;
            d.text(last = r.at(v), bottom + 14, v, "text-anchor=\"middle\"");
        }
        d.text(left + wide - 10, bottom + 28, key, "text-anchor=\"end\" class=\"unit\"");
        for (std::size_t p = 0; p < policies.size(); ++p) {
            std::vector<const cell*> line;
            for (const auto* c : panels[k].cells)
                if (c->policy == policies[p]) line.push_back(c);
            draw_line(d, p, line, key, r, y);
        }
    }
    add_legend(d, policies, 36, tall * static_cast<double>(rows) + 8);
    return d;
}

/// The exponent of p50 ~ value^e, by least squares on logarithms; nothing of fewer than 3 points or a short way.
std::optional<double> exponent(const std::vector<const cell*>& line, const std::string& key) {
    std::vector<std::pair<double, double>> points;
    for (const auto* c : line) {
        const auto v = number_in(c->point.at(key));
        if (!v || *v <= 0 || !c->umount_ms || c->umount_ms->p50 <= 0) continue;
        points.emplace_back(std::log(*v), std::log(c->umount_ms->p50));
    }
    if (points.size() < 3) return std::nullopt;
    double mx = 0, my = 0, xy = 0, xx = 0;
    for (const auto& [x, y] : points)
        mx += x / static_cast<double>(points.size()), my += y / static_cast<double>(points.size());
    for (const auto& [x, y] : points) xy += (x - mx) * (y - my), xx += (x - mx) * (x - mx);
    const auto [low, high] = std::minmax_element(points.begin(), points.end());
    if (high->first - low->first < std::log(8.0) * 0.999) return std::nullopt;
    return xy / xx;
}

std::map<std::string, std::vector<const cell*>> swept(const result& r) {
    std::map<std::string, std::vector<const cell*>> scenarios;
    for (const auto& c : r.cells)
        if (!c.point.empty()) scenarios[c.scenario].push_back(&c);
    return scenarios;
}

std::vector<std::string> policies_of(const result& r) {
    std::vector<std::string> policies;
    for (const auto& c : r.cells)
        if (std::find(policies.begin(), policies.end(), c.policy) == policies.end()) policies.push_back(c.policy);
    return policies;
}

bool has_key(const std::vector<const cell*>& all, const std::string& key) {
    return std::all_of(all.begin(), all.end(), [&](const cell* c) { return c->point.contains(key); });
}

}  // namespace

std::vector<drawing> sweep_charts(const result& r, const std::string& id) {
    std::vector<drawing> charts;
    for (const auto& [scenario, all] : swept(r))
        for (const auto& [key, unused] : all.front()->point)
            if (has_key(all, key))
                charts.push_back(sweep_chart(all, key, policies_of(r), fmt::format("{}{}", id, charts.size())));
    return charts;
}

std::vector<std::string> scaling_of(const result& r) {
    std::vector<std::string> lines;
    for (const auto& [scenario, all] : swept(r))
        for (const auto& [key, unused] : all.front()->point) {
            if (!has_key(all, key)) continue;
            for (const auto& p : panels_of(all, key)) {
                std::string text;
                for (const auto& policy : policies_of(r)) {
                    std::vector<const cell*> line;
                    for (const auto* c : p.cells)
                        if (c->policy == policy) line.push_back(c);
                    if (const auto e = exponent(line, key))
                        text += fmt::format("{}{} {:.2f}", text.empty() ? "" : ", ", policy, *e);
                }
                if (!text.empty())
                    lines.push_back(fmt::format("{}{}: p50 grows as {} to the power of: {}", scenario,
                                                p.title.empty() ? "" : " (" + p.title + ")", key, text));
            }
        }
    return lines;
}

}  // namespace drainlab::report
