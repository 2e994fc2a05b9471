#include "controller/lazy/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace drainlab::lazy {

namespace {

constexpr int width = 980, left = 190, right = 90, lane_height = 24, bar_height = 15, heading = 50, axis_height = 22,
              gap = 26, top_margin = 62;

/// Lanes from top to bottom: the span's name, what people read, colour.
struct lane {
    const char *name, *label, *colour;
};
constexpr lane lanes[] = {
    {"umount -l", "umount -l, its caller", "#c2410c"},  {"name", "the name, on its directory", "#64748b"},
    {"second", "another mount, same name", "#0d9488"},  {"holder", "somebody holds it", "#7c3aed"},
    {"close", "the last close(2)", "#a21caf"},          {"exit", "the killed holder's exit", "#a21caf"},
    {"drain", "the drain (made slow here)", "#dc2626"}, {"superblock", "the superblock lives", "#2563eb"},
};

double ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

std::vector<lane> lanes_of(const step& s) {
    std::vector<lane> used;
    for (const auto& l : lanes)
        if (std::any_of(s.spans.begin(), s.spans.end(), [&](const span& b) { return b.lane == l.name; }))
            used.push_back(l);
    return used;
}

double end_ms(const story& s) {
    double end = 1;
    for (const auto& one : s.steps)
        for (const auto& b : one.spans) end = std::max(end, ms(b.to_ns));
    return end;
}

/// 1, 2 or 5 times a power of ten: at most ten marks on the axis.
double tick_ms(double whole) {
    double t = 0.001;
    for (int i = 0; whole / t > 10; ++i) t *= i % 3 == 1 ? 2.5 : 2;
    return t;
}

/// `text` where & < > would be taken for markup.
std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
    return out;
}

/// Draws one step after the other, all on one scale.
class sheet {
  public:
    explicit sheet(double whole_ms) : whole_(whole_ms), tick_(tick_ms(whole_ms)) {}

    void add(const step& s, int number) {
        text(16, y_ + 16, "h", fmt::format("{}. {}", number, s.title));
        text(16, y_ + 34, s.fine() ? "l" : "bad", s.fine() ? s.lesson : "Not as asserted: see the text.");
        y_ += heading;
        const auto used = lanes_of(s);
        const int bottom = y_ + lane_height * static_cast<int>(used.size());
        axis(bottom);
        for (const auto& l : used) row(s, l);
        y_ = bottom + axis_height + gap;
    }

    std::string done() const {
        return fmt::format(
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
                   "font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" font-size=\"12\">\n"
                   "<style>.t{{font-size:19px;font-weight:bold}}.h{{font-size:14px;font-weight:bold}}"
                   ".l{{fill:#475569}}.bad{{fill:#dc2626;font-weight:bold}}"
                   ".a{{font-size:11px;fill:#475569}}.d{{font-size:11px;fill:#0f172a}}</style>\n"
                   "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                   width, y_) +
               body_ + "</svg>\n";
    }

    void title(const std::string& main, const std::string& sub) {
        text(16, 28, "t", main);
        text(16, 47, "l", sub);
    }

  private:
    double x(double at) const { return left + at / whole_ * (width - left - right); }

    void text(double at_x, int at_y, const char* style, const std::string& words, const char* anchor = "start") {
        body_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", at_x, at_y,
                             style, anchor, escaped(words));
    }

    void line(double x1, int y1, double x2, int y2, const char* colour) {
        body_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{}\" x2=\"{:.1f}\" y2=\"{}\" stroke=\"{}\"/>\n", x1, y1, x2, y2,
                             colour);
    }

    void axis(int bottom) {
        for (int i = 0; i * tick_ <= whole_; ++i) {
            line(x(i * tick_), y_, x(i * tick_), bottom + 4, "#e2e8f0");
            text(x(i * tick_), bottom + 17, "a", fmt::format("{:g}", i * tick_), "middle");
        }
        line(left, bottom, width - right, bottom, "#64748b");
        text(width - right + 12, bottom + 17, "a", "ms");
    }

    void row(const step& s, const lane& l) {
        text(left - 10, y_ + 16, "d", l.label, "end");
        for (const auto& b : s.spans)
            if (b.lane == l.name) bar(b, l.colour);
        y_ += lane_height;
    }

    void bar(const span& b, const char* colour) {
        const double from = std::max(ms(b.from_ns), 0.0), to = std::max(ms(b.to_ns), from);
        const double w = std::max(x(to) - x(from), 2.0);
        const std::string length = fmt::format("{:.1f} ms", to - from);
        body_ += fmt::format(
            "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" rx=\"2\" fill=\"{}\">"
            "<title>{:.3f} to {:.3f} ms</title></rect>\n",
            x(from), y_ + 4, w, bar_height, colour, from, to);
        if (w > 70)
            body_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" font-size=\"11\" fill=\"white\">{}</text>\n", x(from) + 6,
                                 y_ + 16, length);
        else
            text(x(from) + w + 5, y_ + 16, "d", length);
    }

    double whole_, tick_;
    int y_ = top_margin;
    std::string body_;
};

}  // namespace

std::string to_svg(const story& s) {
    sheet all(end_ms(s));
    all.title("umount -l, step by step",
              "Measured on real mounts; milliseconds since each step began, all on one scale.");
    int number = 0;
    for (const auto& one : s.steps) all.add(one, ++number);
    return all.done();
}

}  // namespace drainlab::lazy
