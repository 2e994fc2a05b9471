#include "controller/result/figures.hpp"

#include "controller/measure/bootstrap.hpp"
#include "controller/measure/quantile.hpp"

#include <algorithm>

namespace drainlab::report {
namespace {

constexpr double ns_per_ms = 1e6;

double ms(double ns) { return ns / ns_per_ms; }
double ms(std::uint64_t ns) { return ms(static_cast<double>(ns)); }

std::optional<double> supported(double p, std::size_t n, double value) {
    return measure::supports(p, n) ? std::optional{value} : std::nullopt;
}

}  // namespace

std::optional<spread> spread_of(const std::vector<std::uint64_t>& values) {
    if (values.empty()) return std::nullopt;
    const auto s = measure::sorted(values);
    return spread{ms(measure::quantile(s, 0.5)), supported(0.95, s.size(), ms(measure::quantile(s, 0.95))),
                  ms(s.back())};
}

std::optional<spread> spread_of(const measure::histogram& h) {
    if (h.empty()) return std::nullopt;
    return spread{ms(h.value_at(0.5)), supported(0.95, h.count(), ms(h.value_at(0.95))), ms(h.max())};
}

umount_figures figures_of(const std::vector<std::uint64_t>& values) {
    const auto s = measure::sorted(values);
    const auto ci = measure::quantile_ci95(s, 0.5);
    const auto at = [&](double p) { return ms(measure::quantile(s, p)); };
    const auto if_told = [&](double p) { return supported(p, s.size(), at(p)); };
    return {at(0.5),
            if_told(0.95),
            if_told(0.99),
            ms(s.back()),
            ms(s.front()),
            ms(measure::mean(s)),
            {ms(ci.low), ms(ci.high)}};
}

drain_figures drain_of(const std::vector<umount_sample>& samples) {
    drain_figures d;
    double total = 0, synchronize = 0, barrier = 0, flush = 0, seen = 0;
    std::size_t entries = 0;
    for (const auto& s : samples) {
        d.calls += s.drain_calls;
        d.waited += s.drain_waited;
        total += static_cast<double>(s.drain_ns);
        synchronize += static_cast<double>(s.synchronize_ns);
        barrier += static_cast<double>(s.barrier_ns);
        flush += static_cast<double>(s.flush_ns);
        if (!s.in_flight_at_entry) continue;
        seen += static_cast<double>(*s.in_flight_at_entry);
        ++entries;
    }
    d.total_ms = ms(total);
    if (d.calls > 0) d.per_call_us = total / 1e3 / static_cast<double>(d.calls);
    if (entries > 0) d.in_flight_mean = seen / static_cast<double>(entries);
    const auto waited = static_cast<double>(d.waited);
    if (d.waited > 0) d.parts_ms = wait_parts{ms(synchronize / waited), ms(barrier / waited), ms(flush / waited)};
    return d;
}

std::optional<lag_figures> lag_of(const std::vector<lag_figures>& cycles) {
    if (cycles.empty()) return std::nullopt;
    const auto at = [&](double lag_figures::*field, double p) {
        std::vector<double> values;
        values.reserve(cycles.size());
        for (const auto& c : cycles) values.push_back(c.*field);
        std::sort(values.begin(), values.end());
        return values[measure::quantile_index(p, values.size())];
    };
    return lag_figures{at(&lag_figures::p50, 0.5), at(&lag_figures::p99, 0.99), at(&lag_figures::max, 1.0)};
}

void add(switch_figures& into, const switch_figures& more) {
    into.queued += more.queued;
    into.done += more.done;
    into.inodes += more.inodes;
    into.by_producer.vote += more.by_producer.vote;
    into.by_producer.offline += more.by_producer.offline;
    into.by_producer.blkcg += more.by_producer.blkcg;
}

}  // namespace drainlab::report
