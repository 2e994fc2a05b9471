// OpenMetrics.
#include "controller/report/answer.hpp"
#include "controller/report/export.hpp"
#include "controller/report/view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {
namespace {

std::string labels_of(const cell& c) {
    auto text = metric_label("scenario", c.scenario) + "," + metric_label("policy", c.policy) + "," +
                metric_label("mounts", c.mounts);
    if (c.strategy) text += "," + metric_label("strategy", c.strategy->name);
    for (const auto& [key, value] : c.point) text += "," + metric_label(key, value);
    return text;
}

/// Cumulative buckets, doubling from 100 us to 100 s and more.
std::string buckets_of(const timed_series& s) {
    constexpr const char* name = "drainlab_umount_seconds";
    std::string text;
    std::uint64_t all = 0;
    double sum = 0;
    for (const auto& [ns, count] : s.ns) {
        all += count;
        sum += static_cast<double>(ns) / 1e9 * static_cast<double>(count);
    }
    for (double le = 1e-4; le < 200; le *= 2) {
        std::uint64_t below = 0;
        for (const auto& [ns, count] : s.ns)
            if (static_cast<double>(ns) / 1e9 <= le) below += count;
        text += fmt::format("{}_bucket{{{},le=\"{:g}\"}} {}\n", name, s.labels, le, below);
    }
    text += fmt::format("{}_bucket{{{},le=\"+Inf\"}} {}\n", name, s.labels, all);
    text += fmt::format("{}_count{{{}}} {}\n", name, s.labels, all);
    return text + fmt::format("{}_sum{{{}}} {:.9f}\n", name, s.labels, sum);
}

std::vector<timed_series> times_of(const result& r) {
    std::vector<timed_series> all;
    for (const auto& c : r.cells) {
        all.push_back({labels_of(c), {}});
        for (const auto ns : c.umount_ns) all.back().ns.emplace_back(ns, 1);
    }
    return all;
}

std::vector<metric> metrics_of(const result& r) {
    std::vector<metric> all;
    const auto add = [&](const char* name, const char* type, const char* help, bool strategies, auto value) {
        metric m{name, type, help, {}};
        for (const auto& c : r.cells)
            if (!strategies || c.strategy) m.all.push_back({labels_of(c), static_cast<double>(value(c))});
        if (!m.all.empty()) all.push_back(std::move(m));
    };
    const char *counter = "counter", *gauge = "gauge";
    add("drainlab_drain_calls", counter, "Calls of cgroup_writeback_umount().", false,
        [](const cell& c) { return c.drain.calls; });
    add("drainlab_drain_waited", counter, "Calls that waited for switches.", false,
        [](const cell& c) { return c.drain.waited; });
    add("drainlab_switches_queued", counter, "Inode switches queued.", false,
        [](const cell& c) { return c.switches.queued; });
    add("drainlab_violations", counter, "Invariants violated.", false,
        [](const cell& c) { return c.violations.size(); });
    add("drainlab_strategy_unmounts", counter, "Unmounts asked for.", true,
        [](const cell& c) { return c.strategy->unmounts; });
    add("drainlab_strategy_unmounted", counter, "Unmounts that went through.", true,
        [](const cell& c) { return c.strategy->unmounted; });
    add("drainlab_strategy_fell_back", counter, "Unmounts that were detached lazily in the end.", true,
        [](const cell& c) { return c.strategy->fell_back; });
    add("drainlab_strategy_left_mounted", counter, "Mounts that were given up.", true,
        [](const cell& c) { return c.strategy->left_mounted; });
    add("drainlab_strategy_backlog_max", gauge, "Most superblocks that lived when their caller took them for gone.",
        true, [](const cell& c) { return c.strategy->backlog_max; });
    return all;
}

std::string openmetrics(const std::vector<timed_series>& times, const std::vector<metric>& metrics) {
    std::string text;
    if (!times.empty())
        text +=
            "# TYPE drainlab_umount_seconds histogram\n# UNIT drainlab_umount_seconds seconds\n# HELP "
            "drainlab_umount_seconds How long an unmount took.\n";
    for (const auto& s : times) text += buckets_of(s);
    for (const auto& m : metrics) {
        text += fmt::format("# TYPE {} {}\n# HELP {} {}\n", m.name, m.type, m.name, m.help);
        for (const auto& s : m.all)
            text += fmt::format("{}{}{{{}}} {}\n", m.name, m.type == "counter" ? "_total" : "", s.labels, s.value);
    }
    return text + "# EOF\n";
}

}  // namespace

std::string metric_label(const std::string& key, const std::string& value) {
    std::string out = key + "=\"";
    for (const char c : value) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? std::string{"\\n"} : std::string{c};
    }
    return out + "\"";
}

std::string to_junit(const result& r) { return to_junit(suites_of(r)); }
std::string to_ktap(const result& r) { return to_ktap(suites_of(r)); }
std::string to_openmetrics(const result& r) { return openmetrics(times_of(r), metrics_of(r)); }
std::string to_openmetrics(const view& v) { return openmetrics(v.times, v.metrics); }

}  // namespace drainlab::report
