// What is compared: unmounts, calls that waited, RCU, ratios, order.
#include "controller/sim/comparison.hpp"

namespace drainlab::sim {
namespace {

const std::optional<report::spread>& spread_of(const report::cell& c, const std::string& primitive) {
    const auto& r = c.rcu_ms;
    return primitive == "synchronize" ? r.synchronize
           : primitive == "barrier"   ? r.barrier
           : primitive == "expedited" ? r.expedited
                                      : r.switching;
}

double sum(const std::map<std::string, double>& parts) {
    double all = 0;
    for (const auto& [part, ms] : parts) all += ms;
    return all;
}

std::map<std::string, double> parts_of(const report::cell& c) {
    const auto p = c.drain.parts_ms.value_or(report::wait_parts{});
    return {{"synchronize", p.synchronize}, {"barrier", p.barrier}, {"flush", p.flush}};
}

}  // namespace

void comparison::cells() {
    const double within = theirs_.allowed("umount_p50");
    heading("umount, p50 ms", within);
    for (const auto& [scenario, policies] : theirs_.umount_ms)
        for (const auto& policy : ordered(policies)) {
            const auto* c = cell_of_row(scenario, policy);
            if (!c) continue;
            const char* remark = theirs_.fitted.empty() ? "" : is_fitted(scenario) ? "fitted" : "predicted";
            const auto& cell = policies.at(policy);
            row(scenario + " " + policy, p50_of(*c, cell.at_once), cell.p50, within, scenario, policy, remark);
        }
}

void comparison::waited() {
    if (theirs_.waited.empty()) return;
    line("\n  {:<44}{:>10}{:>10}\n", "calls that waited, per cent", "ours", "theirs");
    for (const auto& [scenario, rows] : theirs_.waited)
        for (const auto& name : ordered(rows))
            if (const auto* c = cell_of_row(scenario, name); c && c->drain.calls > 0)
                line("  {:<44}{:>10.0f}{:>10.0f}\n", scenario + " " + name,
                     100.0 * static_cast<double>(c->drain.waited) / static_cast<double>(c->drain.calls),
                     100.0 * rows.at(name));
}

void comparison::parts() {
    if (theirs_.parts_ms.empty()) return;
    const double within = theirs_.allowed("parts");
    heading("mean ms of a call that waited", within);
    for (const auto& [scenario, policies] : theirs_.parts_ms)
        for (const auto& policy : ordered(policies)) {
            const auto* c = cell_of_row(scenario, policy);
            if (!c || !c->drain.parts_ms) continue;
            const auto ours = parts_of(*c);
            for (const auto& [part, ms] : policies.at(policy))
                if (std::max(ms, ours.at(part)) < theirs_.negligible_ms)
                    line("  {:<44}{:>10.2f}{:>10.2f}{:>8}  too short to judge\n", scenario + " " + policy + " " + part,
                         ours.at(part), ms, "");
                else if (ms > 0)
                    row(scenario + " " + policy + " " + part, ours.at(part), ms, within, scenario, policy, "",
                        part_cause(scenario, policy, part));
        }
}

void comparison::rcu() {
    if (theirs_.rcu_ms.empty()) return;
    const double within = theirs_.allowed("rcu");
    heading("RCU under load, ms", within);
    for (const auto& r : theirs_.rcu_ms) {
        const auto* c = cell_of(r.scenario, r.policy);
        if (!c || !spread_of(*c, r.primitive)) continue;
        row(r.primitive + " p50", spread_of(*c, r.primitive)->p50, r.p50, within, r.scenario, r.policy);
        if (const auto p95 = spread_of(*c, r.primitive)->p95)
            row(r.primitive + " p95", *p95, r.p95, within, r.scenario, r.policy);
    }
}

void comparison::per_call() {
    for (const bool waiting : {false, true}) {
        const auto& table = waiting ? theirs_.per_waiting_call_ms : theirs_.per_call_ms;
        if (table.empty()) continue;
        const double within = theirs_.allowed("per_call");
        heading(waiting ? "cgroup_writeback_umount(), ms a waiting call" : "cgroup_writeback_umount(), ms a call",
                within);
        for (const auto& policy : ordered(table))
            if (const auto ours = mean_call_ms(policy, waiting))
                row(policy + " over all scenarios", *ours, table.at(policy), within, "all", policy);
    }
}

void comparison::ratios() {
    if (theirs_.ratios.empty()) return;
    const double within = theirs_.allowed("ratio");
    heading("ratios between policies, a waiting call", within);
    for (const auto& r : theirs_.ratios)
        for (const auto& [scenario, policies] : theirs_.parts_ms) {
            const auto *of = cell_of(scenario, r.of), *to = cell_of(scenario, r.to);
            if (!of || !to || !policies.contains(r.of) || !policies.contains(r.to)) continue;
            const double below = sum(parts_of(*to));
            if (below > 0)
                row(r.of + " / " + r.to + " " + scenario, sum(parts_of(*of)) / below,
                    sum(policies.at(r.of)) / sum(policies.at(r.to)), within, scenario, r.of);
        }
    for (const auto& r : theirs_.ratios) {
        const auto of = mean_call_ms(r.of, true), to = mean_call_ms(r.to, true);
        if (of && to && *to > 0)
            row(r.of + " / " + r.to + " over all scenarios", *of / *to, r.per_waiting_call, within, "all", r.of);
    }
}

void comparison::own_cost() {
    if (!theirs_.own) return;
    const auto& o = *theirs_.own;
    for (const auto& c : ours_.cells) {
        if (c.policy != o.policy || c.drain.waited > 0 || c.drain.calls == 0) continue;
        ++compared_;
        const bool good = c.drain.per_call_us > o.above && c.drain.per_call_us < o.below;
        line("  {} in {}: {:.3f} us a call that waits for nobody, theirs {:g}; above {:g} and below {:g}: {}\n",
             o.policy, c.scenario, c.drain.per_call_us, o.theirs, o.above, o.below, good ? "yes" : "MISS");
        if (!good) missed_.push_back("own cost of " + o.policy + " in " + c.scenario);
    }
}

void comparison::order() {
    for (const auto& scenario : theirs_.order_in) {
        std::string text;
        double before = 0;
        bool falls = true, all = true;
        for (const auto& policy : theirs_.order) {
            const auto* c = cell_of(scenario, policy);
            if (!c) {
                all = false;
                continue;
            }
            falls = falls && (text.empty() || c->umount_ms->p50 < before);
            before = c->umount_ms->p50;
            text += (text.empty() ? "" : " > ") + policy;
        }
        if (!all) continue;
        ++compared_;
        line("  order in {}: {}: {}\n", scenario, text, falls ? "yes" : "MISS");
        if (!falls) missed_.push_back("order in " + scenario);
    }
}

}  // namespace drainlab::sim
