// Comma-separated values: a row per cell, a row per unmount.
#include "controller/report/answer.hpp"
#include "controller/report/markup.hpp"
#include "controller/report/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace drainlab::report {
namespace {

using sink = std::back_insert_iterator<std::string>;

std::string field(const std::string& text) { return csv_field(text); }
template <class T>
std::string field(const std::optional<T>& v) {
    return v ? fmt::format("{}", *v) : "";
}

/// What tells cells of this result apart beside scenario and policies: `strategy`, and the keys that are in points.
std::vector<std::string> swept_keys(const result& r) {
    std::vector<std::string> keys;
    if (std::any_of(r.cells.begin(), r.cells.end(), [](const cell& c) { return c.strategy.has_value(); }))
        keys.emplace_back("strategy");
    for (const auto& c : r.cells)
        for (const auto& [key, value] : c.point)
            if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    return keys;
}

std::string value_of(const cell& c, const std::string& key) {
    if (key == "strategy" && c.strategy) return c.strategy->name;
    return c.point.contains(key) ? c.point.at(key) : std::string{};
}

std::string names_of(const cell& c, const std::vector<std::string>& keys) {
    auto line = fmt::format("{},{},{},{}", field(c.scenario), field(c.policy), field(c.namespace_policy.value_or("")),
                            c.mounts);
    for (const auto& key : keys) line += "," + field(value_of(c, key));
    return line;
}

std::string csv_header(const std::vector<std::string>& keys) {
    std::string line = "scenario,policy,namespace_policy,mounts";
    for (const auto& key : keys) line += "," + field(key);
    return line;
}

}  // namespace

std::string to_csv(const result& r) {
    const auto keys = swept_keys(r);
    std::string text =
        csv_header(keys) +
        ",samples,weak,umount_ms_p50,umount_ms_p50_low,umount_ms_p50_high,umount_ms_p95,umount_ms_p99,umount_ms_max,"
        "drain_calls,drain_waited,drain_total_ms,drain_per_call_us,synchronize_ms,barrier_ms,flush_ms,"
        "in_flight_mean,switches_queued,switches_done,vote,offline,blkcg,violations,p50_ratio,ratio_low,ratio_high\n";
    const sink out{text};
    for (const auto& c : r.cells) {
        const auto& u = c.umount_ms;
        const auto& by = c.switches.by_producer;
        const auto& p = c.drain.parts_ms;
        const auto* x = comparison_of(r, c);
        fmt::format_to(out, "{},{},{},", names_of(c, keys), c.samples, c.weak ? 1 : 0);
        if (u)
            fmt::format_to(out, "{},{},{},{},{},{}", u->p50, u->p50_ci95[0], u->p50_ci95[1], field(u->p95),
                           field(u->p99), u->max);
        else
            text += ",,,,,";
        fmt::format_to(out, ",{},{},{},{},", c.drain.calls, c.drain.waited, c.drain.total_ms, c.drain.per_call_us);
        text += p ? fmt::format("{},{},{}", p->synchronize, p->barrier, p->flush) : std::string{",,"};
        fmt::format_to(out, ",{},{},{},{},{},{},{},", field(c.drain.in_flight_mean), c.switches.queued, c.switches.done,
                       by.vote, by.offline, by.blkcg, c.violations.size());
        text += x ? fmt::format("{},{},{}\n", x->p50_ratio, x->ci95[0], x->ci95[1]) : std::string{",,\n"};
    }
    return text;
}

std::string to_samples_csv(const result& r) {
    const auto keys = swept_keys(r);
    std::string text = csv_header(keys) + ",sample,umount_ns";
#define DRAINLAB_COLUMN(key, field_) text += "," key;
#include "controller/result/columns.inc"
#undef DRAINLAB_COLUMN
    text += '\n';
    const auto plain = [](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::optional<std::uint64_t>>)
            return field(v);
        else
            return fmt::format("{}", v);
    };
    for (const auto& c : r.cells)
        for (std::size_t i = 0; i < c.umount_ns.size(); ++i) {
            text += fmt::format("{},{},{}", names_of(c, keys), i, c.umount_ns[i]);
            const bool known = c.unmounts.size() == c.umount_ns.size();
#define DRAINLAB_COLUMN(key, field_) text += "," + (known ? plain(c.unmounts[i].field_) : std::string{});
#include "controller/result/columns.inc"
#undef DRAINLAB_COLUMN
            text += '\n';
        }
    return text;
}

}  // namespace drainlab::report
