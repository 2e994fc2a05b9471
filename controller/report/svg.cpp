#include "controller/report/svg.hpp"

#include "controller/report/markup.hpp"
#include "controller/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace drainlab::report {

double scale::at(double v) const {
    const auto f = [&](double x) { return log ? std::log(std::max(x, low)) : x; };
    return from + (f(v) - f(low)) / (f(high) - f(low)) * (to - from);
}

std::vector<double> scale::ticks(int wanted) const {
    std::vector<double> all;
    if (log) {
        const bool few = std::log10(high / low) > 3;
        for (double decade = std::pow(10, std::floor(std::log10(low))); decade <= high; decade *= 10)
            for (const double k : {1.0, 2.0, 5.0})
                if ((k == 1.0 || !few) && decade * k >= low * 0.999 && decade * k <= high * 1.001)
                    all.push_back(decade * k);
        return all;
    }
    const double rough = (high - low) / wanted, power = std::pow(10, std::floor(std::log10(rough)));
    double step = power * 10;
    for (const double k : {1.0, 2.0, 5.0})
        if (power * k >= rough) {
            step = power * k;
            break;
        }
    if (whole) step = std::max(step, 1.0);
    for (double v = std::ceil(low / step) * step; v <= high * 1.0001; v += step)
        all.push_back(std::abs(v) < step / 1e6 ? 0 : v);
    return all;
}

std::string short_number(double v) {
    if (v == 0) return "0";
    if (std::abs(v) < 1e-3) {  // no exponents: "0.00019"
        auto text = fmt::format("{:.{}f}", v, std::min(12, 1 - static_cast<int>(std::floor(std::log10(std::abs(v))))));
        return text.substr(0, text.find_last_not_of('0') + 1);
    }
    return std::abs(v) >= 99.95 ? fmt::format("{:.0f}", v) : fmt::format("{:.3g}", v);
}

drawing::drawing(std::string name, std::string title, double width, double height)
    : name_{std::move(name)}, title_{std::move(title)}, width_{width}, height_{height} {}

drawing& drawing::add(const std::string& markup) {
    body_ += markup;
    return *this;
}

drawing& drawing::text(double x, double y, const std::string& what, const std::string& how) {
    return add(
        fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\"{}{}>{}</text>", x, y, how.empty() ? "" : " ", how, escaped(what)));
}

drawing& drawing::line(double x1, double y1, double x2, double y2, const std::string& css) {
    return add(fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>", css, x1, y1,
                           x2, y2));
}

drawing& drawing::x_axis(const scale& s, double top, double bottom, const std::string& css, const std::string& unit) {
    add(fmt::format("<g class=\"axis {}\">", css));
    double last = -1e9;
    for (const double v : s.ticks(6)) {
        const double x = s.at(v);
        line(x, top, x, bottom, "grid");
        if (x - last < 34) continue;
        const std::string number = short_number(v);
        const double half = 4.0 * static_cast<double>(number.size());  // at most: so the picture's edge cuts none
        text(std::clamp(x, half, width_ - half), bottom + 14, number, "text-anchor=\"middle\"");
        last = x;
    }
    return text(s.to, bottom + 28, unit, "text-anchor=\"end\" class=\"unit\"").add("</g>");
}

drawing& drawing::y_axis(const scale& s, double left, double right, const std::string& unit) {
    for (const double v : s.ticks(4)) {
        line(left, s.at(v), right, s.at(v), "grid");
        text(left - 5, s.at(v) + 4, short_number(v), "text-anchor=\"end\"");
    }
    return text(left - 5, std::min(s.from, s.to) - 8, unit, "text-anchor=\"start\" class=\"unit\"");
}

std::string drawing::element(const std::string& style) const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" id=\"{}\" viewBox=\"0 0 {:.0f} "
        "{:.0f}\"><title>{}</title>{}{}</svg>",
        escaped(name_), width_, height_, escaped(title_), style, body_);
}

std::string drawing::markup() const { return element("") + "\n"; }

std::string drawing::file() const {
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n",
                       element(fmt::format("<style>{}</style>", page_chart_css)));
}

}  // namespace drainlab::report
