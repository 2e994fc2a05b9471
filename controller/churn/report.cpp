#include "controller/churn/churn.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::churn {

using nlohmann::json;

namespace {

double ms(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }

double rate(const outcome& o) { return o.elapsed_s > 0 ? static_cast<double>(o.counts.cycles()) / o.elapsed_s : 0; }

/// Every call: [from, how many] in ns, `digits` significant decimal digits; no bucket is empty.
json of(const measure::histogram& h) {
    json buckets = json::array();
    h.each([&](std::uint64_t low, std::uint64_t, std::uint64_t count) { buckets.push_back({low, count}); });
    return {{"digits", h.digits()}, {"buckets", std::move(buckets)}};
}

json actions_of(const tally& t) {
    json all;
    for (std::size_t i = 0; i < t.actions.size(); ++i) {
        const auto& a = t.actions[i];
        all[action_names[i]] = {{"cycles", a.cycles},
                                {"held", a.held},
                                {"busy", a.busy},
                                {"p50_ms", a.ns.empty() ? json() : json(ms(a.ns.value_at(0.5)))},
                                {"p95_ms", a.ns.empty() ? json() : json(ms(a.ns.value_at(0.95)))},
                                {"p99_ms", a.ns.empty() ? json() : json(ms(a.ns.value_at(0.99)))},
                                {"max_ms", a.ns.empty() ? json() : json(ms(a.ns.max()))},
                                {"histogram_ns", of(a.ns)}};
    }
    return all;
}

json outcome_of(const outcome& o) {
    return {{"mounts", o.kind},
            {"elapsed_s", o.elapsed_s},
            {"cycles", o.counts.cycles()},
            {"cycles_per_s", rate(o)},
            {"actions", actions_of(o.counts)},
            {"holders_killed", o.counts.holders_killed},
            {"daemon_kills", o.daemon_kills},
            {"interrupted_cycles", o.counts.interrupted},
            {"passers_by", o.counts.passers_by},
            {"names_taken", o.counts.names_taken},
            {"bytes_verified", o.counts.bytes_verified},
            {"violations", o.counts.violations}};
}

std::string text_of(const outcome& o) {
    std::string text =
        fmt::format("{}: {} cycles in {:.1f} s, {:.0f} a second\n", o.kind, o.counts.cycles(), o.elapsed_s, rate(o));
    text += fmt::format("  {:<8}{:>9}{:>8}{:>8}{:>10}{:>10}{:>10}{:>10}\n", "", "cycles", "held", "EBUSY", "p50 ms",
                        "p95", "p99", "max");
    for (std::size_t i = 0; i < o.counts.actions.size(); ++i) {
        const auto& a = o.counts.actions[i];
        if (a.cycles + a.held == 0) continue;
        text += fmt::format("  {:<8}{:>9}{:>8}{:>8}{:>10.3f}{:>10.3f}{:>10.3f}{:>10.3f}\n", action_names[i], a.cycles,
                            a.held, a.busy, ms(a.ns.value_at(0.5)), ms(a.ns.value_at(0.95)), ms(a.ns.value_at(0.99)),
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

json to_json(const options& o, const report& r) {
    json j = outcome_of(r.ours);
    j["schema"] = "drainlab.churn/1";
    j["complete"] = r.ours.interrupted.empty();
    j["seed"] = o.seed;
    j["at_once"] = o.mounts;
    j["mix"] = {{"umount", o.weights[0]}, {"lazy", o.weights[1]}, {"force", o.weights[2]}};
    j["left"] = {{"mounts", r.left.mounts},
                 {"descriptors", r.left.descriptors},
                 {"daemon_descriptors", r.left.daemon_descriptors},
                 {"processes", r.left.processes},
                 {"cgroups", r.left.cgroups},
                 {"files", r.left.files}};
    j["compared"] = r.bare ? outcome_of(*r.bare) : json();
    return j;
}

std::string to_text(const report& r) {
    std::string text = text_of(r.ours);
    if (r.bare) text += text_of(*r.bare);
    if (r.bare && rate(r.ours) > 0)
        text += fmt::format("  {:.0f} times as many cycles a second as drainfs\n", rate(*r.bare) / rate(r.ours));
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
