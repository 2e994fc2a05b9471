#include "controller/churn/churn.hpp"
#include "controller/measure/quantile.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::churn {

namespace {

double ms(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }

double rate_of(const outcome& o) { return o.elapsed_s > 0 ? static_cast<double>(o.counts.cycles()) / o.elapsed_s : 0; }

/// A quantile in ms that so many calls can tell.
std::optional<double> if_told(const measure::histogram& ns, double p) {
    return measure::supports(p, ns.count()) ? std::optional{ms(ns.value_at(p))} : std::nullopt;
}

drainlab::report::churn_action action_of(const char* name, const action_tally& a) {
    drainlab::report::churn_action x;
    x.name = name;
    x.cycles = a.cycles;
    x.held = a.held;
    x.busy = a.busy;
    x.histogram = a.ns;
    if (a.ns.empty()) return x;
    x.p50_ms = ms(a.ns.value_at(0.5));
    x.p95_ms = if_told(a.ns, 0.95);
    x.p99_ms = if_told(a.ns, 0.99);
    x.max_ms = ms(a.ns.max());
    return x;
}

drainlab::report::churn_outcome outcome_of(const outcome& o) {
    const auto& t = o.counts;
    drainlab::report::churn_outcome x;
    x.mounts = o.kind;
    x.elapsed_s = o.elapsed_s;
    x.cycles = t.cycles();
    x.per_s = rate_of(o);
    if (o.cycles_per_s) x.per_s_ci95 = {o.cycles_per_s->low, o.cycles_per_s->high};
    for (std::size_t i = 0; i < t.actions.size(); ++i) x.actions.push_back(action_of(action_names[i], t.actions[i]));
    x.holders_killed = t.holders_killed;
    x.daemon_kills = o.daemon_kills;
    x.interrupted_cycles = t.interrupted;
    x.passers_by = t.passers_by;
    x.names_taken = t.names_taken;
    x.bytes_verified = t.bytes_verified;
    x.violations = t.violations;
    x.one_in = t.unmounts.one_in();
    for (const auto& m : t.unmounts.all())
        x.unmounts.push_back({action_names[static_cast<std::size_t>(m.how)],
                              static_cast<std::uint64_t>(std::max<std::int64_t>(0, m.called - o.began_ns)), m.took,
                              m.dead});
    x.backlog = o.backlog;
    return x;
}

std::string word(const std::optional<double>& v) { return v ? fmt::format("{:.3f}", *v) : "-"; }

std::string text_of(const outcome& o) {
    std::string text =
        fmt::format("{}: {} cycles in {:.1f} s, {:.0f} a second\n", o.kind, o.counts.cycles(), o.elapsed_s, rate_of(o));
    text += fmt::format("  {:<8}{:>9}{:>8}{:>8}{:>10}{:>10}{:>10}{:>10}\n", "", "cycles", "held", "EBUSY", "p50 ms",
                        "p95", "p99", "max");
    for (std::size_t i = 0; i < o.counts.actions.size(); ++i) {
        const auto& a = o.counts.actions[i];
        if (a.cycles + a.held == 0) continue;
        text += fmt::format("  {:<8}{:>9}{:>8}{:>8}{:>10.3f}{:>10}{:>10}{:>10.3f}\n", action_names[i], a.cycles, a.held,
                            a.busy, ms(a.ns.value_at(0.5)), word(if_told(a.ns, 0.95)), word(if_told(a.ns, 0.99)),
                            ms(a.ns.max()));
    }
    if (o.daemon_kills > 0)
        text += fmt::format("  the daemon was killed {} times, {} cycles were cut short\n", o.daemon_kills,
                            o.counts.interrupted);
    text += fmt::format("  {} holders killed, {} bytes read back and right\n", o.counts.holders_killed,
                        o.counts.bytes_verified);
    if (o.counts.passers_by > 0)
        text +=
            fmt::format("  {} unmounts were refused for a moment by somebody who passed by (a look through /proc)\n",
                        o.counts.passers_by);
    if (o.counts.names_taken > 0)
        text +=
            fmt::format("  {} names were taken away by the daemon after umount -f, before us\n", o.counts.names_taken);
    return text;
}

}  // namespace

drainlab::report::churn_document document_of(const options& o, const report& r) {
    const auto n = [](int v) { return static_cast<std::uint64_t>(std::max(v, 0)); };
    drainlab::report::churn_document d;
    d.ours = outcome_of(r.ours);
    d.complete = r.ours.interrupted.empty();
    d.seed = o.seed;
    d.at_once = n(o.mounts);
    for (std::size_t i = 0; i < action_names.size(); ++i) d.mix.emplace_back(action_names[i], n(o.weights[i]));
    d.left = {{"mounts", n(r.left.mounts)},
              {"descriptors", n(r.left.descriptors)},
              {"daemon_descriptors", n(r.left.daemon_descriptors)},
              {"processes", n(r.left.processes)},
              {"cgroups", n(r.left.cgroups)},
              {"files", n(r.left.files)}};
    if (r.bare) d.compared = outcome_of(*r.bare);
    return d;
}

std::string to_text(const report& r) {
    std::string text = text_of(r.ours);
    if (r.bare) text += text_of(*r.bare);
    if (r.bare && rate_of(r.ours) > 0)
        text += fmt::format("  {:.0f} times as many cycles a second as drainfs\n", rate_of(*r.bare) / rate_of(r.ours));
    if (!r.bare_why.empty()) text += "tmpfs: no comparison: " + r.bare_why + "\n";
    constexpr std::size_t shown = 10;
    const auto& all = r.ours.counts.violations;
    for (std::size_t i = 0; i < std::min(shown, all.size()); ++i) text += "VIOLATED: " + all[i] + "\n";
    if (all.size() > shown) text += fmt::format("... and {} more\n", all.size() - shown);
    const auto& l = r.left;
    text += l.clean()
                ? "nothing is left behind: mounts, descriptors (the daemon's too), processes, cgroups, files\n"
                : fmt::format(
                      "LEFT BEHIND: mounts {}, descriptors {}, the daemon's {}, processes {}, cgroups {}, files {}\n",
                      l.mounts, l.descriptors, l.daemon_descriptors, l.processes, l.cgroups, l.files);
    return text;
}

}  // namespace drainlab::churn
