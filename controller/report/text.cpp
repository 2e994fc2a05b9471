#include "controller/report/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

namespace drainlab::report {
namespace {

using sink = std::back_insert_iterator<std::string>;

/// Milliseconds with about three digits that mean something.
std::string ms(double v) {
    const int digits = v < 0.0995 ? 3 : v < 9.995 ? 2 : 1;
    return fmt::format("{:.{}f} ms", v, digits);
}

std::string us(double v) {
    if (v < 9.95) return fmt::format("{:.2f} us", v);
    return v < 9995 ? fmt::format("{:.0f} us", v) : fmt::format("{:.1f} ms", v / 1e3);
}

const comparison* comparison_of(const result& r, const cell& c) {
    const auto at = std::find_if(r.comparisons.begin(), r.comparisons.end(), [&](const comparison& x) {
        return x.scenario == c.scenario && x.policy == c.policy && x.point == c.point && c.mounts == "drainfs";
    });
    return at == r.comparisons.end() ? nullptr : &*at;
}

std::string label(const cell& c) { return c.mounts == "drainfs" ? c.policy : c.mounts; }

void umount_rows(sink out, const std::vector<const cell*>& cells) {
    fmt::format_to(out, "  {:<12}{:>12}{:>12}{:>12}{:>12}{:>9}\n", "umount", "p50", "p95", "p99", "max", "samples");
    for (const auto* c : cells) {
        if (!c->umount_ms) {
            fmt::format_to(out, "  {:<12}{:>12}\n", label(*c), "no sample");
            continue;
        }
        const auto& u = *c->umount_ms;
        fmt::format_to(out, "  {:<12}{:>12}{:>12}{:>12}{:>12}{:>9}\n", label(*c), ms(u.p50), ms(u.p95), ms(u.p99),
                       ms(u.max), c->samples);
    }
}

void drain_rows(sink out, const result& r, const std::vector<const cell*>& cells, const std::string& against) {
    fmt::format_to(out, "\n  {:<24}{:>6}{:>8}{:>12}{:>12}   {}\n", "cgroup_writeback_umount()", "calls", "waited",
                   "total", "per call", "p50 ratio to " + against + " (95 %)");
    for (const auto* c : cells) {
        if (c->mounts != "drainfs") continue;
        std::string ratio = "-";
        if (const auto* x = comparison_of(r, *c))
            ratio = fmt::format("{:.2f}  [{:.2f}, {:.2f}]", x->p50_ratio, x->ci95[0], x->ci95[1]);
        fmt::format_to(out, "  {:<25}{:>6}{:>8}{:>12}{:>12}   {}\n", c->policy, c->drain.calls, c->drain.waited,
                       ms(c->drain.total_ms), us(c->drain.per_call_us), ratio);
    }
}

void switch_rows(sink out, const std::vector<const cell*>& cells) {
    fmt::format_to(out, "\n  {:<12}{:>8}{:>8}{:>8}{:>9}{:>7}   {}\n", "switches", "queued", "done", "vote", "offline",
                   "blkcg", "mean ms of a call that waited: synchronize / barrier / flush");
    for (const auto* c : cells) {
        if (c->mounts != "drainfs") continue;
        const auto& s = c->switches;
        std::string parts = "-";
        const auto& p = c->drain.parts_ms;
        if (p && p->synchronize + p->barrier + p->flush == 0.0)
            parts = fmt::format("own switches only: {:.1f}", c->drain.total_ms / static_cast<double>(c->drain.waited));
        else if (p)
            parts = fmt::format("{:.1f} / {:.1f} / {:.1f}", p->synchronize, p->barrier, p->flush);
        fmt::format_to(out, "  {:<12}{:>8}{:>8}{:>8}{:>9}{:>7}   {}\n", c->policy, s.queued, s.done, s.by_producer.vote,
                       s.by_producer.offline, s.by_producer.blkcg, parts);
    }
}

void notes(sink out, const std::vector<const cell*>& cells) {
    const bool no_switch =
        std::all_of(cells.begin(), cells.end(), [](const cell* c) { return c->switches.queued == 0; });
    if (no_switch)
        fmt::format_to(out, "  no switch happened: no policy had anything to wait for\n");
    else if (cells.front()->weak)
        fmt::format_to(out, "  weak: fewer than 90 % of the global policies' calls found switches in flight\n");
    for (const auto* c : cells) {
        for (const auto& v : c->violations)
            fmt::format_to(out, "  VIOLATION under {}: {}: {}{}\n", label(*c), v.invariant, v.message,
                           v.producer ? " (producer: " + *v.producer + ")" : "");
        for (const auto& o : c->observations) fmt::format_to(out, "  {}: {}\n", label(*c), o);
    }
}

std::vector<std::vector<const cell*>> by_scenario(const result& r) {
    std::vector<std::vector<const cell*>> groups;
    for (const auto& c : r.cells) {
        const auto same = [&](const cell& o) { return o.scenario == c.scenario && o.point == c.point; };
        if (groups.empty() || !same(*groups.back().front())) groups.emplace_back();
        groups.back().push_back(&c);
    }
    return groups;
}

std::string heading(const cell& c, const text_options& options) {
    const auto at = options.titles.find(c.scenario);
    auto text = at == options.titles.end() ? c.scenario : fmt::format("{}: {}", c.scenario, at->second);
    for (const auto& [key, value] : c.point) text += fmt::format(", {}={}", key, value);
    return text;
}

std::string provenance(const result& r) {
    const auto& e = r.environment;
    if (r.run.mode != "real") return fmt::format("simulated: all times are the model's; seed {}\n", r.run.seed);
    const auto clock = r.run.umount.value_or("") == "syscall" ? "umount2()" : "umount(8)";
    return fmt::format(
        "measured: wall clock around a real {} (kernel {}, {} cpus, wait by {}, identity by {}); modelled: "
        "grace periods, barriers and switches inside it (profile {}); seed {}\n",
        clock, e.kernel, e.cpus, e.umount_wait.value_or("?"), e.identity.value_or("?"), r.run.profile, r.run.seed);
}

}  // namespace

std::string to_text(const result& r, const text_options& options) {
    std::string text;
    const sink out{text};
    for (const auto& cells : by_scenario(r)) {
        const auto* bold = options.colour ? "\x1b[1m" : "";
        const auto* plain = options.colour ? "\x1b[0m" : "";
        fmt::format_to(out, "{}{}{}\n", bold, heading(*cells.front(), options), plain);
        umount_rows(out, cells);
        drain_rows(out, r, cells, options.against);
        switch_rows(out, cells);
        notes(out, cells);
        text += '\n';
    }
    text += provenance(r);
    if (!r.complete) text += "incomplete: the run ended before all samples were taken\n";
    return text;
}

std::string to_csv(const result& r) {
    std::string text =
        "scenario,policy,mounts,samples,weak,umount_ms_p50,umount_ms_p95,umount_ms_p99,umount_ms_max,drain_calls,"
        "drain_waited,drain_total_ms,drain_per_call_us,switches_queued,switches_done,vote,offline,blkcg,violations\n";
    const sink out{text};
    for (const auto& c : r.cells) {
        const auto u = c.umount_ms.value_or(umount_figures{});
        const auto& by = c.switches.by_producer;
        fmt::format_to(out, "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", c.scenario, c.policy,
                       c.mounts, c.samples, c.weak ? 1 : 0, u.p50, u.p95, u.p99, u.max, c.drain.calls, c.drain.waited,
                       c.drain.total_ms, c.drain.per_call_us, c.switches.queued, c.switches.done, by.vote, by.offline,
                       by.blkcg, c.violations.size());
    }
    return text;
}

std::string to_markdown(const result& r, const text_options& options) {
    std::string text;
    const sink out{text};
    for (const auto& cells : by_scenario(r)) {
        fmt::format_to(out, "**{}**\n\n| policy | p50 | p95 | p99 | max | calls waited | per call | p50 ratio |\n",
                       heading(*cells.front(), options));
        text += "|---|---|---|---|---|---|---|---|\n";
        for (const auto* c : cells) {
            if (!c->umount_ms) continue;
            const auto& u = *c->umount_ms;
            const auto* x = comparison_of(r, *c);
            fmt::format_to(out, "| {} | {} | {} | {} | {} | {}/{} | {} | {} |\n", label(*c), ms(u.p50), ms(u.p95),
                           ms(u.p99), ms(u.max), c->drain.waited, c->drain.calls, us(c->drain.per_call_us),
                           x ? fmt::format("{:.1f}", x->p50_ratio) : "");
        }
        text += '\n';
    }
    return text;
}

}  // namespace drainlab::report
