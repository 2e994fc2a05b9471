#include "controller/report/axes.hpp"
#include "controller/report/markup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {
namespace {

/// The same lane has the same colour in every step.
std::size_t colour_of_lane(const std::string& lane) {
    static const std::vector<std::string> known{"umount -l", "superblock", "drain", "name",
                                                "second",    "holder",     "close", "exit"};
    return static_cast<std::size_t>(std::find(known.begin(), known.end(), lane) - known.begin());
}

}  // namespace

drawing lanes_chart(const lazy_step& s, double longest_ms, const std::string& id) {
    std::vector<std::string> lanes;
    for (const auto& span : s.spans)
        if (std::find(lanes.begin(), lanes.end(), span.lane) == lanes.end()) lanes.push_back(span.lane);
    const double bottom = 6 + 22 * static_cast<double>(lanes.size());
    drawing d{id, s.title, chart_width, bottom + 34};
    const scale x{0, std::max(longest_ms, 1.0) * 1.02, 110, chart_right};
    d.x_axis(x, 6, bottom, "", "ms");
    for (std::size_t k = 0; k < lanes.size(); ++k) {
        const double y = 6 + 22 * static_cast<double>(k);
        d.text(104, y + 15, lanes[k], "text-anchor=\"end\"");
        for (const auto& span : s.spans)
            if (span.lane == lanes[k])
                d.add(
                    fmt::format("<rect class=\"lane p{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
                                "height=\"16\"><title>{}: {} to {} ms</title></rect>",
                                colour_of_lane(span.lane) % 8, x.at(span.from_ms), y + 3,
                                std::max(1.0, x.at(span.to_ms) - x.at(span.from_ms)), escaped(span.lane),
                                short_number(span.from_ms), short_number(span.to_ms)));
    }
    for (const auto& e : s.events)
        d.add(
            fmt::format("<circle class=\"event\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"><title>{} ms: {}</title></circle>",
                        x.at(e.at_ms), bottom, short_number(e.at_ms), escaped(e.what)));
    return d;
}

}  // namespace drainlab::report
