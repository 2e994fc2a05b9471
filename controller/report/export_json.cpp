// Formats in JSON: hyperfine, Google Benchmark.
#include "controller/report/answer.hpp"
#include "controller/report/export.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace drainlab::report {
namespace {

using json = nlohmann::ordered_json;

std::string dumped(const json& j, int indent) {
    return j.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

struct moments {
    double mean = 0, deviation = 0, median = 0, min = 0, max = 0;
};

moments of(const std::vector<std::uint64_t>& ns) {
    std::vector<double> s;
    for (const auto v : ns) s.push_back(static_cast<double>(v) / 1e9);
    std::sort(s.begin(), s.end());
    moments m{0, 0, (s[(s.size() - 1) / 2] + s[s.size() / 2]) / 2, s.front(), s.back()};
    for (const double v : s) m.mean += v / static_cast<double>(s.size());
    for (const double v : s) m.deviation += (v - m.mean) * (v - m.mean);
    m.deviation = s.size() > 1 ? std::sqrt(m.deviation / static_cast<double>(s.size() - 1)) : 0;
    return m;
}

}  // namespace

std::string to_hyperfine(const result& r) {
    json results = json::array();
    for (const auto& c : r.cells) {
        if (c.umount_ns.empty()) continue;
        const auto m = of(c.umount_ns);
        json times = json::array();
        for (const auto ns : c.umount_ns) times.push_back(static_cast<double>(ns) / 1e9);
        json parameters{{"scenario", c.scenario}, {"policy", c.policy}};
        if (c.strategy) parameters["strategy"] = c.strategy->name;
        for (const auto& [key, value] : c.point) parameters[key] = value;
        results.push_back({{"command", "umount " + path_of(c)},
                           {"mean", m.mean},
                           {"stddev", c.umount_ns.size() > 1 ? json(m.deviation) : json()},
                           {"median", m.median},
                           {"user", 0.0},
                           {"system", 0.0},
                           {"min", m.min},
                           {"max", m.max},
                           {"times", times},
                           {"exit_codes", std::vector<int>(c.umount_ns.size(), 0)},
                           {"parameters", parameters}});
    }
    return dumped({{"results", results}}, 2);
}

std::string to_benchmark(const result& r) {
    json rows = json::array();
    int family = 0;
    for (const auto& c : r.cells) {
        for (std::size_t i = 0; i < c.umount_ns.size(); ++i) {
            const double ms = static_cast<double>(c.umount_ns[i]) / 1e6;
            rows.push_back({{"name", path_of(c)},
                            {"family_index", family},
                            {"per_family_instance_index", 0},
                            {"run_name", path_of(c)},
                            {"run_type", "iteration"},
                            {"repetitions", c.umount_ns.size()},
                            {"repetition_index", i},
                            {"threads", 1},
                            {"iterations", 1},
                            {"real_time", ms},
                            {"cpu_time", ms},
                            {"time_unit", "ms"}});
        }
        ++family;
    }
    const auto& e = r.environment;
    const json context{{"date", r.run.started},
                       {"host_name", e.kernel},
                       {"executable", r.run.command.empty() ? "drainctl" : r.run.command.front()},
                       {"num_cpus", e.cpus},
                       {"mhz_per_cpu", 0},
                       {"cpu_scaling_enabled", e.governor.has_value() && *e.governor != "performance"},
                       {"caches", json::array()},
                       {"load_avg", r.run.load_average ? json::array({(*r.run.load_average)[0]}) : json::array()},
                       {"library_build_type", "release"}};
    return dumped({{"context", context}, {"benchmarks", rows}}, 2);
}

}  // namespace drainlab::report
