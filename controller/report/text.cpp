#include "controller/report/text.hpp"

#include "controller/report/answer.hpp"
#include "controller/report/view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace drainlab::report {
namespace {

using sink = std::back_insert_iterator<std::string>;

constexpr int label_width = 12;

std::string decimal(const std::optional<double>& v, int digits) { return v ? fmt::format("{:.{}f}", *v, digits) : "-"; }

/// A label that is longer than its column has a line of its own.
std::string row_label(const std::string& name) {
    if (static_cast<int>(name.size()) <= label_width) return fmt::format("  {:<{}}", name, label_width);
    return fmt::format("  {}\n  {:<{}}", name, "", label_width);
}

/// Digits after the point, the same down a column: three that mean something in its smallest figure.
int digits_of(const std::vector<const cell*>& cells) {
    double least = 1e9;
    for (const auto* c : cells)
        if (c->umount_ms) least = std::min(least, c->umount_ms->p50);
    return least < 0.995 ? 3 : least < 9.95 ? 2 : 1;
}

void umount_rows(sink out, const result& r, const std::vector<const cell*>& cells, const text_options& o) {
    const bool compared = std::any_of(cells.begin(), cells.end(), [&](const cell* c) { return comparison_of(r, *c); });
    fmt::format_to(out, "  {:<{}}{:>8}{:>8}{:>8}{:>8}{:>7}{}\n", "umount, ms", label_width, "p50", "p95", "p99", "max",
                   "n", compared ? fmt::format("{:>11}", "x " + o.against) + "  95 %" : "");
    const int digits = digits_of(cells);
    for (const auto* c : cells) {
        if (!c->umount_ms) {
            fmt::format_to(out, "{}{:>8}\n", row_label(label(*c)), "no sample");
            continue;
        }
        const auto& u = *c->umount_ms;
        std::string ratio;
        if (const auto* x = comparison_of(r, *c)) {
            ratio = fmt::format("{:>11.2f}  [{:.2f}, {:.2f}]", x->p50_ratio, x->ci95[0], x->ci95[1]);
            const bool beyond_noise = x->ci95[0] > 1 || x->ci95[1] < 1;
            if (o.colour && beyond_noise) ratio = fmt::format("\x1b[{}m{}\x1b[0m", x->p50_ratio > 1 ? 31 : 32, ratio);
        }
        fmt::format_to(out, "{}{:>8}{:>8}{:>8}{:>8}{:>7}{}\n", row_label(label(*c)), decimal(u.p50, digits),
                       decimal(u.p95, digits), decimal(u.p99, digits), decimal(u.max, digits), c->samples, ratio);
    }
}

std::vector<const cell*> ours(const std::vector<const cell*>& cells) {
    std::vector<const cell*> out;
    for (const auto* c : cells)
        if (has_policy(*c) && c->drain.calls > 0) out.push_back(c);
    return out;
}

std::string parts_of(const drain_figures& d) {
    const auto& p = d.parts_ms;
    if (!p) return fmt::format("{:>13}{:>9}{:>7}", "-", "-", "-");
    if (p->synchronize + p->barrier + p->flush > 0)
        return fmt::format("{:>13.1f}{:>9.1f}{:>7.1f}", p->synchronize, p->barrier, p->flush);
    return fmt::format("{:>29}", fmt::format("its own switches: {:.1f}", d.total_ms / static_cast<double>(d.waited)));
}

void drain_rows(sink out, const std::vector<const cell*>& cells) {
    fmt::format_to(out, "\n  {:<{}}{:>7}{:>8}{:>10}{:>10}{:>13}{:>9}{:>7}\n", "drain, ms", label_width, "calls",
                   "waited", "in flight", "a call", "synchronize", "barrier", "flush");
    for (const auto* c : cells) {
        const auto& d = c->drain;
        fmt::format_to(out, "{}{:>7}{:>8}{:>10}{:>10.3f}{}\n", row_label(c->policy), d.calls, d.waited,
                       decimal(d.in_flight_mean, 1), d.per_call_us / 1e3, parts_of(d));
    }
}

void switch_rows(sink out, const std::vector<const cell*>& cells) {
    fmt::format_to(out, "\n  {:<{}}{:>8}{:>8}{:>8}{:>8}{:>9}{:>7}\n", "switches", label_width, "queued", "done",
                   "inodes", "vote", "offline", "blkcg");
    for (const auto* c : cells) {
        const auto& s = c->switches;
        fmt::format_to(out, "{}{:>8}{:>8}{:>8}{:>8}{:>9}{:>7}\n", row_label(c->policy), s.queued, s.done, s.inodes,
                       s.by_producer.vote, s.by_producer.offline, s.by_producer.blkcg);
    }
}

void notes(sink out, const std::vector<const cell*>& cells, int columns) {
    const auto say = [&](const std::string& line) { fmt::format_to(out, "{}\n", wrapped("  " + line, columns, 4)); };
    for (const auto* c : cells) {
        for (const auto& v : c->violations)
            say(fmt::format("VIOLATION under {}: {}: {}{}", label(*c), v.invariant, v.message,
                            v.producer ? " (producer: " + *v.producer + ")" : ""));
        for (const auto& seen : c->observations) say(fmt::format("{}: {}", label(*c), seen));
    }
}

void tables(sink out, const result& r, const std::vector<const cell*>& cells, const text_options& o) {
    const auto& first = *cells.front();
    const auto name = first.title.empty() ? place_of(first) : fmt::format("{}: {}", place_of(first), first.title);
    fmt::format_to(out, "{}{}{}\n", o.colour ? "\x1b[1m" : "", wrapped(name, o.columns), o.colour ? "\x1b[0m" : "");
    umount_rows(out, r, cells, o);
    if (const auto drained = ours(cells); !drained.empty()) {
        drain_rows(out, drained);
        if (std::all_of(drained.begin(), drained.end(), [](const cell* c) { return c->switches.queued == 0; }))
            fmt::format_to(out, "  no switch happened: no policy had anything to wait for\n");
        else {
            switch_rows(out, drained);
            if (first.weak)
                fmt::format_to(out, "  weak: fewer than 90 % of the global policies' calls found switches in flight\n");
        }
    }
    notes(out, cells, o.columns);
    fmt::format_to(out, "\n");
}

/// In a result of `bench --strategy` a row is a way to unmount, not a policy.
std::string text_of_strategies(const result& r, const std::vector<view_table>& all, const text_options& o) {
    std::string text;
    for (const auto& sentence : strategy_answers(r)) text += wrapped(sentence, o.columns) + "\n";
    if (!r.complete) text += "Incomplete: the run ended before all samples were taken.\n";
    for (const auto& t : all) text += "\n" + to_text(t, o.columns);
    text += "\n";
    std::vector<const cell*> cells;
    for (const auto& c : r.cells) cells.push_back(&c);
    notes(sink{text}, cells, o.columns);
    return text + wrapped(provenance(r), o.columns) + "\n";
}

}  // namespace

std::string wrapped(const std::string& text, int columns, int indent) {
    std::string out;
    std::size_t at = 0;
    auto room = static_cast<std::size_t>(columns);
    while (text.size() - at > room) {
        auto blank = text.rfind(' ', at + room);
        if (blank == std::string::npos || blank <= at + static_cast<std::size_t>(indent))
            blank = text.find(' ', at + room);
        if (blank == std::string::npos) break;
        out += text.substr(at, blank - at) + "\n" + std::string(static_cast<std::size_t>(indent), ' ');
        at = blank + 1;
        room = static_cast<std::size_t>(columns - indent);
    }
    return out + text.substr(at);
}

std::string to_text(const result& r, const text_options& options) {
    std::string text;
    const sink out{text};
    if (const auto strategies = strategy_tables(r); !strategies.empty())
        return text_of_strategies(r, strategies, options);
    for (const auto& sentence : answers(r)) fmt::format_to(out, "{}\n", wrapped(sentence, options.columns));
    if (!r.complete) text += "Incomplete: the run ended before all samples were taken.\n";
    text += '\n';
    for (const auto& cells : by_scenario(r)) tables(out, r, cells, options);
    if (std::any_of(r.cells.begin(), r.cells.end(), [](const cell& c) { return c.drain.parts_ms.has_value(); }))
        text += wrapped("A drain is one cgroup_writeback_umount(); its parts are means over the calls that waited.",
                        options.columns) +
                "\n";
    return text + wrapped(provenance(r), options.columns) + "\n";
}

std::string to_markdown(const result& r, const text_options& options) {
    std::string text;
    const sink out{text};
    if (const auto strategies = strategy_tables(r); !strategies.empty()) {
        for (const auto& sentence : strategy_answers(r)) fmt::format_to(out, "- {}\n", sentence);
        for (const auto& t : strategies) text += "\n" + to_markdown(t);
        return text + "\n" + provenance(r) + "\n";
    }
    for (const auto& sentence : answers(r)) fmt::format_to(out, "- {}\n", sentence);
    if (!r.complete) text += "- **Incomplete**: the run ended before all samples were taken.\n";
    text += '\n';
    for (const auto& cells : by_scenario(r)) {
        const auto& first = *cells.front();
        fmt::format_to(out, "**{}**{}\n\n", place_of(first), first.title.empty() ? "" : ": " + first.title);
        fmt::format_to(out, "| umount, ms | p50 | p95 | p99 | max | n | calls waited | a call | x {} (95 %) |\n",
                       options.against);
        text += "|---|---:|---:|---:|---:|---:|---:|---:|---|\n";
        const int digits = digits_of(cells);
        for (const auto* c : cells) {
            if (!c->umount_ms) continue;
            const auto& u = *c->umount_ms;
            const auto* x = comparison_of(r, *c);
            fmt::format_to(out, "| {} | {} | {} | {} | {} | {} | {}/{} | {:.3f} | {} |\n", label(*c),
                           decimal(u.p50, digits), decimal(u.p95, digits), decimal(u.p99, digits),
                           decimal(u.max, digits), c->samples, c->drain.waited, c->drain.calls,
                           c->drain.per_call_us / 1e3,
                           x ? fmt::format("{:.2f} [{:.2f}, {:.2f}]", x->p50_ratio, x->ci95[0], x->ci95[1]) : "");
        }
        text += '\n';
    }
    return text + provenance(r) + "\n";
}

}  // namespace drainlab::report
