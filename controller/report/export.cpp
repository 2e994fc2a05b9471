#include "controller/report/export.hpp"

#include "controller/measure/histogram.hpp"
#include "controller/report/answer.hpp"
#include "controller/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace drainlab::report {

namespace {

using files = std::vector<exported>;

files whole(std::string text) { return {{"", std::move(text)}}; }

files histograms(const result& r) {
    files all;
    for (const auto& c : r.cells)
        if (!c.umount_ns.empty()) all.push_back({path_of(c, '-'), to_hgrm(c)});
    return all;
}

/// What a format makes of a result, and of any other document.
struct format {
    std::string name;
    files (*of_result)(const result& r);
    bool (*is_in)(const view& v);     ///< whether the document has anything for it
    files (*of_view)(const view& v);  ///< null: it knows nothing but times, and is given a result of the document's
};

bool has_times(const view& v) { return !v.cells.empty(); }
bool has_samples(const view& v) { return !v.samples.columns.empty(); }
bool has_lanes(const view& v) { return !v.lanes.empty(); }
bool is_there(const view&) { return true; }
bool is_nowhere(const view&) { return false; }

const std::vector<format>& formats() {
    using r = const result&;
    using v = const view&;
    static const std::vector<format> all{
        {"hyperfine", [](r of) { return whole(to_hyperfine(of)); }, has_times, nullptr},
        {"benchmark", [](r of) { return whole(to_benchmark(of)); }, has_times, nullptr},
        {"csv", [](r of) { return whole(to_csv(of)); }, is_there, [](v of) { return whole(to_csv(of.rows)); }},
        {"samples-csv", [](r of) { return whole(to_samples_csv(of)); }, has_samples,
         [](v of) { return whole(to_csv(of.samples)); }},
        {"hgrm", histograms, has_times, nullptr},
        {"junit", [](r of) { return whole(to_junit(of)); }, is_there, [](v of) { return whole(to_junit(of.suites)); }},
        {"ktap", [](r of) { return whole(to_ktap(of)); }, is_there, [](v of) { return whole(to_ktap(of.suites)); }},
        {"openmetrics", [](r of) { return whole(to_openmetrics(of)); }, is_there,
         [](v of) { return whole(to_openmetrics(of)); }},
        {"chrome-trace", [](r of) { return whole(to_chrome_trace(of)); }, has_lanes,
         [](v of) { return whole(to_chrome_trace(of.lanes)); }},
        {"ftrace", [](r of) { return whole(to_ftrace(of)); }, is_nowhere, nullptr},
        {"markdown", [](r of) { return whole(to_markdown(of, {})); }, is_there,
         [](v of) { return whole(to_markdown(of)); }}};
    return all;
}

/// The times of a document that is no result, as one.
result times_of(const view& v, const document& d) {
    result times;
    times.cells = v.cells;
    if (const auto made = facts_of(d)) {
        times.environment = made->environment;
        static_cast<run_facts&>(times.run) = *made;
    }
    return times;
}

}  // namespace

const std::vector<std::string>& export_formats() {
    static const auto all = [] {
        std::vector<std::string> names;
        for (const auto& f : formats()) names.push_back(f.name);
        return names;
    }();
    return all;
}

std::optional<std::string> format_by_ending(const std::string& path) {
    static const std::pair<const char*, const char*> endings[] = {
        {".csv", "csv"},        {".hgrm", "hgrm"},        {".xml", "junit"},    {".tap", "ktap"},   {".ktap", "ktap"},
        {".om", "openmetrics"}, {".prom", "openmetrics"}, {".trace", "ftrace"}, {".md", "markdown"}};
    for (const auto& [ending, format] : endings)
        if (path.ends_with(ending)) return format;
    return std::nullopt;
}

std::string path_of(const cell& c, char separator) {
    auto text = c.scenario + separator + (c.mounts == "drainfs" ? "" : c.mounts + separator) + c.policy;
    if (c.strategy) text += separator + c.strategy->name;
    for (const auto& [key, value] : c.point) text += fmt::format("{}{}={}", separator, key, value);
    return text;
}

std::vector<std::string> formats_of(const document& d) {
    if (d.bench) return export_formats();
    const auto v = view_of(d);
    std::vector<std::string> all;
    for (const auto& f : formats())
        if (v && f.is_in(*v)) all.push_back(f.name);
    return all;
}

std::vector<exported> export_as(const std::string& name, const document& d) {
    const auto f =
        std::find_if(formats().begin(), formats().end(), [&](const format& known) { return known.name == name; });
    if (f == formats().end()) return {};
    if (d.bench) return f->of_result(*d.bench);
    const auto v = view_of(d);
    if (!v || !f->is_in(*v)) return {};
    return f->of_view ? f->of_view(*v) : f->of_result(times_of(*v, d));
}

/// HdrHistogram's outputPercentileDistribution(), five ticks per half distance, in milliseconds.
std::string to_hgrm(const cell& c) {
    measure::histogram h;
    double sum = 0, squares = 0;
    for (const auto ns : c.umount_ns) {
        h.record(ns);
        sum += static_cast<double>(ns) / 1e6;
    }
    const auto n = static_cast<double>(c.umount_ns.size());
    for (const auto ns : c.umount_ns) squares += std::pow(static_cast<double>(ns) / 1e6 - sum / n, 2);
    std::string text =
        fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    double level = 0;  // per cent
    std::uint64_t seen = 0;
    h.each([&](std::uint64_t, std::uint64_t high, std::uint64_t count) {
        seen += count;
        const double reached = 100.0 * static_cast<double>(seen) / n;
        while (level <= reached && level < 100) {
            const double p = level / 100;
            text += fmt::format("{:12.3f} {:2.12f} {:10d} {:14.2f}\n",
                                static_cast<double>(std::min(high, h.max())) / 1e6, p, seen, 1 / (1 - p));
            if (seen == c.umount_ns.size()) break;  // the last value: one line, then 100 %
            const double ticks = 5 * std::pow(2.0, std::floor(std::log2(100 / (100 - level))) + 1);
            level += 100 / ticks;
        }
    });
    text += fmt::format("{:12.3f} {:2.12f} {:10d}\n", static_cast<double>(h.max()) / 1e6, 1.0, h.count());
    text += fmt::format("#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", sum / n, std::sqrt(squares / n));
    text +=
        fmt::format("#[Max     = {:12.3f}, Total count    = {:12d}]\n", static_cast<double>(h.max()) / 1e6, h.count());
    return text + fmt::format("#[Buckets = {:12d}, SubBuckets     = {:12d}]\n", 64 - 11, 2048);
}

}  // namespace drainlab::report
