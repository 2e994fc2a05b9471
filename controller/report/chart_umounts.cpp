// Every unmount of a scenario: how long it took, and where its time went.
#include "controller/measure/quantile.hpp"
#include "controller/report/answer.hpp"
#include "controller/report/axes.hpp"
#include "controller/report/markup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace drainlab::report {
namespace {

/// Two places of one mark: the script swaps them.
std::string both(const char* name, double lin, double log) {
    return fmt::format("{}=\"{:.1f}\" data-lin=\"{:.1f}\" data-log=\"{:.1f}\"", name, lin, lin, log);
}

std::string dot(std::size_t policy, std::size_t i, double y, double v, const scale& a, const scale& b) {
    const double dy = static_cast<double>(i * 7919 % 17) - 8;
    return fmt::format("<circle class=\"s p{}\" data-c=\"{}\" data-i=\"{}\" {} cy=\"{:.1f}\" r=\"3\"/>", policy % 8,
                       policy, i, both("cx", a.at(v), b.at(v)), y + dy * 0.9);
}

std::string bar(const segment& s, const scale& x, double y, double height) {
    const double from = x.at(to_ms(s.from)), to = x.at(std::min(to_ms(s.to), x.high));
    return fmt::format(
        "<rect class=\"w w-{}\" data-ns=\"{}\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.0f}\"><title>{}: "
        "{} ms</title></rect>",
        s.kind, s.to - s.from, from, y, to - from, height, explained(s.kind), short_number(to_ms(s.to - s.from)));
}

constexpr double key_row = 15;

/// The colours that occur, two beside each other.
double key_height(std::size_t kinds) {
    const std::size_t rows = (kinds + 1) / 2;
    return key_row * static_cast<double>(rows) + 8;
}

void add_key(drawing& d, const std::vector<const char*>& kinds, double y) {
    for (std::size_t k = 0; k < kinds.size(); ++k) {
        const double x = k % 2 == 0 ? chart_left : (chart_left + chart_right) / 2;
        const std::size_t above = k / 2;
        const double at = y + key_row * static_cast<double>(above);
        d.add(fmt::format("<rect class=\"w-{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"10\" height=\"10\"/>", kinds[k], x,
                          at));
        d.text(x + 15, at + 9, explained(kinds[k]));
    }
}

/// The sample at a quantile of umount_ns.
std::size_t sample_at(const cell& c, double p) {
    std::vector<std::size_t> order(c.umount_ns.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return c.umount_ns[a] < c.umount_ns[b]; });
    return order[measure::quantile_index(p, order.size())];
}

}  // namespace

std::vector<const char*> kinds_of(const cells& all) {
    std::set<std::string_view> there;
    for (const auto* c : all)
        for (const auto& s : samples_of(*c))
            for (const auto& part : segments_of(s)) there.insert(part.kind);
    std::vector<const char*> kinds(segment_kinds.begin(), segment_kinds.end());
    kinds.insert(kinds.end(), {"after", "unknown"});
    std::erase_if(kinds, [&](std::string_view kind) { return !there.contains(kind); });
    return kinds;
}

drawing strip_chart(const cells& all, const std::string& id) {
    constexpr double row = 48, top = 6;
    const double bottom = top + row * static_cast<double>(all.size());
    const auto lin = linear_time(all), log = logarithmic_time(all);
    drawing d{id, "how long each unmount took, " + place_of(*all.front()), chart_width, bottom + 34};
    d.x_axis(lin, top, bottom, "lin", "umount, ms").x_axis(log, top, bottom, "log", "umount, ms, logarithmic");
    for (std::size_t k = 0; k < all.size(); ++k) {
        const auto& c = *all[k];
        const double y = top + row * static_cast<double>(k) + 30;
        d.text(chart_left, y - 16, label(c), fmt::format("class=\"name p{}\"", k % 8));
        for (std::size_t i = 0; i < c.umount_ns.size(); ++i) d.add(dot(k, i, y, to_ms(c.umount_ns[i]), lin, log));
        if (!c.umount_ms) continue;
        for (const auto& [name, v] :
             {std::pair{"p50", std::optional{c.umount_ms->p50}}, {"p95", c.umount_ms->p95}, {"p99", c.umount_ms->p99}})
            if (v)
                d.add(fmt::format(
                    "<rect class=\"q\" {} y=\"{:.1f}\" width=\"2.5\" height=\"24\"><title>{} {}: {} ms</title></rect>",
                    both("x", lin.at(*v) - 1.2, log.at(*v) - 1.2), y - 12, escaped(label(c)), name, short_number(*v)));
    }
    return d;
}

drawing waterfall_chart(const cells& all, const std::string& id, shown how) {
    constexpr double row = 16, group = 58, top = 6;
    const bool alone = how == shown::alone;
    const double bottom = top + group * static_cast<double>(all.size()) + (alone ? 0 : 44);
    const auto x = linear_time(all);
    const auto kinds = alone ? kinds_of(all) : std::vector<const char*>{};
    drawing d{id, "where the time of an unmount goes, " + place_of(*all.front()), chart_width,
              bottom + 34 + (alone ? key_height(kinds.size()) : 0)};
    d.x_axis(x, top, bottom, "", "ms after the call");
    double y = top + 14;
    for (std::size_t k = 0; k < all.size(); ++k) {
        const auto& c = *all[k];
        d.text(chart_left, y, label(c) + ": median, worst", fmt::format("class=\"name p{}\"", k % 8));
        const auto samples = samples_of(c);
        for (const double p : {0.5, 1.0}) {
            y += row + 2;
            if (samples.empty()) continue;
            const auto i = sample_at(c, p);
            d.add(fmt::format("<g class=\"fall\" data-c=\"{}\" data-i=\"{}\" data-ns=\"{}\">", k, i,
                              samples[i].umount_ns));
            for (const auto& s : segments_of(samples[i]))
                if (to_ms(s.from) < x.high) d.add(bar(s, x, y - row + 4, row - 2));
            d.add("</g>");
        }
        y += group - 2 * (row + 2);
    }
    if (alone) {
        add_key(d, kinds, bottom + 38);
        return d;
    }
    d.add(fmt::format(
        "<text class=\"name chosen\" x=\"{}\" y=\"{:.1f}\">click any sample above to see its own</text><g class=\"fall "
        "chosen\" data-y=\"{:.1f}\" data-h=\"{:.0f}\" data-left=\"{}\" data-unit=\"{:.9g}\"></g>",
        chart_left, y, y + 6, row - 2, chart_left, (x.to - x.from) / x.high / 1e6));
    return d;
}

}  // namespace drainlab::report
