#include "controller/report/export.hpp"

#include "controller/measure/histogram.hpp"
#include "controller/report/answer.hpp"
#include "controller/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace drainlab::report {

const std::vector<std::string>& export_formats() {
    static const std::vector<std::string> all{"hyperfine",    "benchmark", "csv",     "samples-csv",
                                              "hgrm",         "junit",     "ktap",    "openmetrics",
                                              "chrome-trace", "ftrace",    "markdown"};
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

std::vector<exported> export_as(const std::string& format, const result& r) {
    if (format == "hyperfine") return {{"", to_hyperfine(r)}};
    if (format == "benchmark") return {{"", to_benchmark(r)}};
    if (format == "csv") return {{"", to_csv(r)}};
    if (format == "samples-csv") return {{"", to_samples_csv(r)}};
    if (format == "junit") return {{"", to_junit(r)}};
    if (format == "ktap") return {{"", to_ktap(r)}};
    if (format == "openmetrics") return {{"", to_openmetrics(r)}};
    if (format == "chrome-trace") return {{"", to_chrome_trace(r)}};
    if (format == "ftrace") return {{"", to_ftrace(r)}};
    if (format == "markdown") return {{"", to_markdown(r, {})}};
    std::vector<exported> files;  // hgrm
    for (const auto& c : r.cells)
        if (!c.umount_ns.empty()) files.push_back({path_of(c, '-'), to_hgrm(c)});
    return files;
}

std::vector<std::string> formats_of(const document& d) {
    if (d.bench) return export_formats();
    const auto v = view_of(d);
    if (!v) return {};
    std::vector<std::string> all;
    if (!v->cells.empty()) all = {"hyperfine", "benchmark", "hgrm"};
    all.emplace_back("csv");
    if (!v->samples.columns.empty()) all.emplace_back("samples-csv");
    for (const auto* name : {"junit", "ktap", "openmetrics"}) all.emplace_back(name);
    if (!v->lanes.empty()) all.emplace_back("chrome-trace");
    all.emplace_back("markdown");
    return all;
}

std::vector<exported> export_as(const std::string& format, const document& d) {
    if (d.bench) return export_as(format, *d.bench);
    const auto v = view_of(d);
    if (!v) return {};
    if (format == "csv") return {{"", to_csv(v->rows)}};
    if (format == "samples-csv") return {{"", to_csv(v->samples)}};
    if (format == "junit") return {{"", to_junit(v->suites)}};
    if (format == "ktap") return {{"", to_ktap(v->suites)}};
    if (format == "openmetrics") return {{"", to_openmetrics(*v)}};
    if (format == "chrome-trace") return {{"", to_chrome_trace(v->lanes)}};
    if (format == "markdown") return {{"", to_markdown(*v)}};
    result times;  // hyperfine, benchmark, hgrm: nothing but times
    times.cells = v->cells;
    if (const auto made = facts_of(d)) {
        times.environment = made->environment;
        times.run.started = made->started;
        times.run.command = made->command;
        times.run.load_average = made->load_average;
    }
    return export_as(format, times);
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
