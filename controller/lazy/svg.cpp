#include "controller/lazy/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace drainlab::lazy {

namespace {

constexpr int width = 860, left = 130, right = 30, lane_height = 20, bar_height = 13, heading = 30, gap = 34;

/// Lanes from top to bottom, with their colours.
constexpr std::pair<const char*, const char*> lanes[] = {
    {"umount -l", "#c2410c"}, {"name", "#64748b"}, {"second", "#0d9488"}, {"holder", "#7c3aed"},
    {"close", "#9333ea"},     {"exit", "#9333ea"}, {"drain", "#dc2626"},  {"superblock", "#2563eb"},
};

std::vector<std::pair<std::string, std::string>> lanes_of(const step& s) {
    std::vector<std::pair<std::string, std::string>> used;
    for (const auto& [name, colour] : lanes)
        if (std::any_of(s.spans.begin(), s.spans.end(),
                        [&, n = std::string(name)](const span& b) { return b.lane == n; }))
            used.emplace_back(name, colour);
    return used;
}

std::int64_t end_of(const step& s) {
    std::int64_t end = 1;
    for (const auto& b : s.spans) end = std::max(end, b.to_ns);
    return end;
}

int height_of(const step& s) { return heading + lane_height * static_cast<int>(lanes_of(s).size()) + gap; }

/// 1, 2 or 5 times a power of ten: about six marks on the axis.
double tick_ms(double whole) {
    double t = 0.001;
    for (int i = 0; whole / t > 8; ++i) t *= i % 3 == 1 ? 2.5 : 2;
    return t;
}

std::string axis(double whole_ms, int y) {
    std::string out;
    const double t = tick_ms(whole_ms);
    for (double at = 0; at <= whole_ms; at += t) {
        const double x = left + at / whole_ms * (width - left - right);
        out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" class=\"t\" text-anchor=\"middle\">{:g}{}</text>\n", x, y, at,
                           at == 0 ? " ms" : "");
    }
    return out;
}

std::string picture(const step& s, int number, int top) {
    std::string out = fmt::format("<text x=\"10\" y=\"{}\" class=\"h\">{}. {}{}</text>\n", top + 18, number, s.title,
                                  s.fine() ? "" : " (not as asserted)");
    const double whole = static_cast<double>(end_of(s)) / 1e6;
    int y = top + heading;
    for (const auto& [lane, colour] : lanes_of(s)) {
        out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", left - 8, y + 11, lane);
        for (const auto& b : s.spans) {
            if (b.lane != lane) continue;
            const double x =
                left + static_cast<double>(std::max<std::int64_t>(b.from_ns, 0)) / 1e6 / whole * (width - left - right);
            const double w = static_cast<double>(b.to_ns - std::max<std::int64_t>(b.from_ns, 0)) / 1e6 / whole *
                             (width - left - right);
            out += fmt::format(
                "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\" fill=\"{}\"><title>{}: {:.3f} to "
                "{:.3f} "
                "ms</title></rect>\n",
                x, y, std::max(w, 1.5), bar_height, colour, lane, static_cast<double>(b.from_ns) / 1e6,
                static_cast<double>(b.to_ns) / 1e6);
        }
        y += lane_height;
    }
    return out + axis(whole, y + 12);
}

}  // namespace

std::string to_svg(const story& s) {
    int height = 20;
    for (const auto& one : s.steps) height += height_of(one);
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"sans-serif\" "
        "font-size=\"12\">\n<style>.h{{font-size:14px;font-weight:bold}}.t{{font-size:10px;fill:#64748b}}</style>\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        width, height);
    int top = 10, number = 0;
    for (const auto& one : s.steps) {
        out += picture(one, ++number, top);
        top += height_of(one);
    }
    return out + "</svg>\n";
}

}  // namespace drainlab::lazy
