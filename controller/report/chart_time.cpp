// What happened one after the other: unmounts, switches in flight, superblocks that still live.
#include "controller/report/answer.hpp"
#include "controller/report/axes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {
namespace {

constexpr double top = 24, bottom = 140, from = 44;

drawing empty_chart(const std::string& id, const std::string& title, bool with_legend) {
    return {id, title, chart_width, with_legend ? 198.0 : 178.0};
}

std::string dot(std::size_t colour, const char* css, double x, double y) {
    return fmt::format("<circle class=\"{} {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.2\"/>", css, colour_of(colour), x, y);
}

/// A line that stays at each height until the next instant.
class staircase {
  public:
    staircase(const scale& x, const scale& y) : x_{x}, y_{y} {}
    void to(double at, double height) {
        path_ += path_.empty() ? fmt::format("M{:.1f} {:.1f}", x_.at(at), y_.at(height))
                               : fmt::format("H{:.1f}V{:.1f}", x_.at(at), y_.at(height));
    }
    std::string markup(std::size_t colour, double end) const {
        return path_.empty()
                   ? ""
                   : fmt::format("<path class=\"curve {}\" d=\"{}H{:.1f}\"/>", colour_of(colour), path_, x_.at(end));
    }

  private:
    const scale &x_, &y_;
    std::string path_;
};

scale milliseconds(double least, double most) {
    return {std::max(least, 1e-3) * 0.8, std::max(most, 2e-3) * 1.2, bottom, top, true};
}

}  // namespace

std::vector<drawing> in_flight_chart(const cells& all, const std::string& id) {
    double most = 0;
    std::size_t longest = 1;
    for (const auto* c : all)
        for (const auto& s : c->unmounts) {
            most = std::max(most, static_cast<double>(s.in_flight_at_entry.value_or(0)));
            longest = std::max(longest, c->unmounts.size());
        }
    if (most == 0) return {};
    auto d = empty_chart(id, "switches in flight when a drain began, " + place_of(*all.front()), true);
    std::vector<std::string> names;
    for (const auto* c : all) names.push_back(label(*c));
    const scale y{0, most * 1.1, bottom, top, false, true},
        x{0, static_cast<double>(longest), from, chart_right, false, true};
    d.y_axis(y, from, chart_right, "switches in flight").x_axis(x, top, bottom, "", "unmount, in order");
    for (std::size_t k = 0; k < all.size(); ++k)
        for (std::size_t i = 0; i < all[k]->unmounts.size(); ++i)
            if (const auto n = all[k]->unmounts[i].in_flight_at_entry)
                d.add(fmt::format("<circle class=\"f p{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\"/>", k % 8,
                                  x.at(static_cast<double>(i)) + static_cast<double>(k),
                                  y.at(static_cast<double>(*n))));
    add_legend(d, names, from, 190);
    return {d};
}

std::vector<drawing> order_chart(const cells& all, const std::string& id) {
    std::size_t longest = 1;
    double least = 1e12, most = 0;
    std::vector<std::string> names;
    for (const auto* c : all) {
        longest = std::max(longest, c->umount_ns.size());
        names.push_back(label(*c));
        for (const auto& s : samples_of(*c)) {
            least = std::min(least, to_ms(s.umount_ns));
            most = std::max(most, to_ms(std::max(s.umount_ns, s.dead_ns.value_or(0))));
        }
    }
    auto d = empty_chart(id, "unmounts in the order in which they were made, " + place_of(*all.front()), true);
    const auto y = milliseconds(least, most);
    const scale x{0, static_cast<double>(longest), from, chart_right, false, true};
    d.y_axis(y, from, chart_right, "ms; dot: the call returned, ring: superblock dead");
    d.x_axis(x, top, bottom, "", "unmount, in order");
    for (std::size_t k = 0; k < all.size(); ++k) {
        const auto samples = samples_of(*all[k]);
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const double at = x.at(static_cast<double>(i) + 0.1 * static_cast<double>(k + 1));
            if (samples[i].dead_ns) d.add(dot(k, "ring", at, y.at(to_ms(*samples[i].dead_ns))));
            d.add(dot(k, "f", at, y.at(to_ms(samples[i].umount_ns))));
        }
    }
    add_legend(d, names, from, 190);
    return {d};
}

std::vector<drawing> backlog_chart(const cells& all, const std::string& id) {
    double longest = 0;
    std::uint64_t most = 0;
    std::vector<std::string> names;
    for (const auto* c : all) {
        names.push_back(label(*c));
        double length = 0;
        if (!c->strategy) continue;
        for (const auto& batch : c->strategy->batches) {
            for (const auto& [at, n] : batch) most = std::max(most, n);
            if (!batch.empty()) length += batch.back().first;
        }
        longest = std::max(longest, length);
    }
    if (longest == 0) return {};
    auto d =
        empty_chart(id, "superblocks that live though the caller takes them for gone, " + place_of(*all.front()), true);
    const scale y{0, static_cast<double>(std::max<std::uint64_t>(most, 1)) * 1.1, bottom, top, false, true},
        x{0, longest, from, chart_right};
    d.y_axis(y, from, chart_right, "superblocks that live though the caller takes them for gone");
    d.x_axis(x, top, bottom, "", "ms, batch after batch");
    for (std::size_t k = 0; k < all.size(); ++k) {
        if (!all[k]->strategy) continue;
        staircase line{x, y};
        double before = 0;
        line.to(0, 0);
        for (const auto& batch : all[k]->strategy->batches) {
            for (const auto& [at, n] : batch) line.to(before + at, static_cast<double>(n));
            if (!batch.empty()) before += batch.back().first;
        }
        d.add(line.markup(k, before));
    }
    add_legend(d, names, from, 190);
    return {d};
}

std::vector<std::size_t> drawn_of(const churn_outcome& o) {
    constexpr std::size_t most = 2000;
    const std::size_t step = (o.unmounts.size() + most - 1) / most;
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < o.unmounts.size(); i += step) all.push_back(i);
    return all;
}

std::vector<drawing> churn_latency_chart(const churn_outcome& o, const std::string& id) {
    if (o.unmounts.empty()) return {};
    std::vector<std::string> actions;
    double longest = o.elapsed_s, least = 1e12, most = 0;
    for (const auto& a : o.actions) actions.push_back(a.name);
    for (const auto& u : o.unmounts) {
        longest = std::max(longest, static_cast<double>(u.at_ns) / 1e9);
        least = std::min(least, to_ms(u.took_ns));
        most = std::max(most, to_ms(std::max(u.took_ns, u.dead_ns.value_or(0))));
    }
    auto d = empty_chart(id, "how long unmounts took over time, " + o.mounts, true);
    const auto y = milliseconds(least, most);
    const scale x{0, longest, from, chart_right};
    d.y_axis(y, from, chart_right, "ms; dot: the call returned, ring: superblock dead");
    d.x_axis(x, top, bottom, "", "s");
    for (const auto i : drawn_of(o)) {
        const auto& u = o.unmounts[i];
        const auto k = static_cast<std::size_t>(std::find(actions.begin(), actions.end(), u.action) - actions.begin());
        const double at = x.at(static_cast<double>(u.at_ns) / 1e9);
        if (u.dead_ns) d.add(dot(k, "ring", at, y.at(to_ms(*u.dead_ns))));
        d.add(dot(k, "f", at, y.at(to_ms(u.took_ns))));
    }
    add_legend(d, actions, from, 190);
    return {d};
}

std::vector<drawing> churn_backlog_chart(const churn_outcome& o, const std::string& id) {
    if (!o.backlog || o.backlog->max.empty()) return {};
    const auto& bins = o.backlog->max;
    const double each = o.backlog->every_ms / 1e3, end = each * static_cast<double>(bins.size());
    const auto most = static_cast<double>(std::max<std::uint64_t>(1, *std::max_element(bins.begin(), bins.end())));
    auto d = empty_chart(id, "superblocks that live though their name is gone, " + o.mounts, false);
    const scale y{0, most * 1.1, bottom, top, false, true}, x{0, std::max(end, 1e-3), from, chart_right};
    d.y_axis(y, from, chart_right, "superblocks that live though their name is gone").x_axis(x, top, bottom, "", "s");
    staircase line{x, y};
    for (std::size_t i = 0; i < bins.size(); ++i) line.to(each * static_cast<double>(i), static_cast<double>(bins[i]));
    d.add(line.markup(0, end));
    return {d};
}

}  // namespace drainlab::report
