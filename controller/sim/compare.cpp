#include "controller/sim/compare.hpp"

#include "controller/measure/quantile.hpp"
#include "controller/sim/difference.hpp"
#include "controller/sim/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace drainlab::sim {
namespace {

using figures = reference::figures;

/// The median over rounds of the slowest of each `at_once` unmounts, in ms.
double p50_of(const report::cell& c, int at_once) {
    if (at_once <= 1) return c.umount_ms->p50;
    std::vector<std::uint64_t> rounds;
    for (std::size_t i = 0; i < c.umount_ns.size(); ++i) {
        if (i % static_cast<std::size_t>(at_once) == 0) rounds.push_back(0);
        rounds.back() = std::max(rounds.back(), c.umount_ns[i]);
    }
    return static_cast<double>(measure::quantile(measure::sorted(rounds), 0.5)) / 1e6;
}

class comparison {
  public:
    comparison(const report::result& ours, const figures& theirs) : ours_{ours}, theirs_{theirs} {}

    compared made() {
        line("compared with {}: {}\n", theirs_.name, theirs_.source);
        if (!theirs_.profile.empty() && theirs_.profile != ours_.run.profile)
            line("note: those figures belong to profile {}, this run has {}\n", theirs_.profile, ours_.run.profile);
        if (theirs_.cpus > 0 && theirs_.cpus != ours_.environment.cpus)
            line("note: those figures were taken on {} CPUs, this run has {}\n", theirs_.cpus, ours_.environment.cpus);
        cells();
        parts();
        waited();
        rcu();
        per_call();
        ratios();
        own_cost();
        order();
        misses();
        for (const auto& what : theirs_.leaves_out) line("  left out: {}\n", what);
        return {std::move(text_), compared_, static_cast<int>(missed_.size())};
    }

  private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    }
    const report::cell* cell_of(const std::string& scenario, const std::string& policy) const {
        const auto* c = report::find_cell(ours_, scenario, policy);
        return c && c->umount_ms ? c : nullptr;
    }
    /// Ours of a row: on a machine of its own, else that of its policy.
    const report::cell* cell_of_row(const std::string& scenario, const std::string& row) const {
        const auto* own = cell_of(scenario, row);
        return own ? own : cell_of(scenario, theirs_.policy_of(row));
    }
    /// Why a row may miss: read off the phases of both where both have some, else what the reference suspects.
    std::string cause(const std::string& scenario, const std::string& row) const {
        const auto all = theirs_.phases.find(scenario);
        const auto* c = cell_of_row(scenario, row);
        if (c && all != theirs_.phases.end() && all->second.contains(row))
            if (auto text = where_it_differs(c->phases_ms, all->second.at(row)); !text.empty()) return text;
        return theirs_.suspected(scenario, theirs_.policy_of(row));
    }
    /// Why a part may miss: the primitive behind it, where the row's guest has measured it under load.
    std::string part_cause(const std::string& scenario, const std::string& row, const std::string& part) const {
        const auto guest = theirs_.measured.find(row);
        const auto* c = cell_of_row(scenario, row);
        const auto& ours = part == "barrier" ? c->rcu_ms.barrier : c->rcu_ms.synchronize;
        const std::string key = part == "barrier" ? "barrier_loaded_ns" : "synchronize_loaded_ns";
        if (!ours || guest == theirs_.measured.end() || !guest->second.contains(key)) return cause(scenario, row);
        return fmt::format("{}() takes {:.1f} ms in the model, {:.1f} in that guest under its own load",
                           part == "barrier" ? "rcu_barrier" : "synchronize_rcu", ours->p50,
                           static_cast<double>(guest->second.at(key)) / 1e6);
    }
    /// Prints one row and remembers a miss.
    void row(const std::string& what, double ours, double theirs, double within, const std::string& scenario,
             const std::string& policy, const char* remark = "", const std::string& why = {}) {
        const double ratio = theirs > 0 ? ours / theirs : 0;
        const bool good = ratio <= within && ratio * within >= 1;
        ++compared_;
        line("  {:<44}{:>10.2f}{:>10.2f}{:>8.2f}  {}{}\n", what, ours, theirs, ratio, good ? "" : "MISS ", remark);
        if (!good)
            missed_.push_back(
                fmt::format("{} (ratio {:.2f}): {}", what, ratio, why.empty() ? cause(scenario, policy) : why));
    }
    void heading(const char* what, double within) {
        line("\n  {:<44}{:>10}{:>10}{:>8}  (within {:g})\n", what, "ours", "theirs", "ratio", within);
    }
    bool is_fitted(const std::string& scenario) const {
        return std::find(theirs_.fitted.begin(), theirs_.fitted.end(), scenario) != theirs_.fitted.end();
    }

    void cells() {
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
    /// Rows in the order of their policies.
    template <class Map>
    std::vector<std::string> ordered(const Map& rows) const {
        std::vector<std::string> names;
        for (const auto& [row, unused] : rows) names.push_back(row);
        std::stable_sort(names.begin(), names.end(), [this](const auto& a, const auto& b) {
            return report::shown_before(theirs_.policy_of(a), theirs_.policy_of(b));
        });
        return names;
    }
    /// How many calls found something to wait for: what a part's mean is over.
    void waited() {
        if (theirs_.waited.empty()) return;
        line("\n  {:<44}{:>10}{:>10}\n", "calls that waited, per cent", "ours", "theirs");
        for (const auto& [scenario, rows] : theirs_.waited)
            for (const auto& name : ordered(rows))
                if (const auto* c = cell_of_row(scenario, name); c && c->drain.calls > 0)
                    line("  {:<44}{:>10.0f}{:>10.0f}\n", scenario + " " + name,
                         100.0 * static_cast<double>(c->drain.waited) / static_cast<double>(c->drain.calls),
                         100.0 * rows.at(name));
    }

    void parts() {
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
                        line("  {:<44}{:>10.2f}{:>10.2f}{:>8}  too short to judge\n",
                             scenario + " " + policy + " " + part, ours.at(part), ms, "");
                    else if (ms > 0)
                        row(scenario + " " + policy + " " + part, ours.at(part), ms, within, scenario, policy, "",
                            part_cause(scenario, policy, part));
            }
    }

    static const std::optional<report::spread>& spread_of(const report::cell& c, const std::string& primitive) {
        const auto& r = c.rcu_ms;
        return primitive == "synchronize" ? r.synchronize
               : primitive == "barrier"   ? r.barrier
               : primitive == "expedited" ? r.expedited
                                          : r.switching;
    }
    void rcu() {
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

    /// The mean over their scenarios, by their numbers of calls
    /// if known, else by ours. Nothing unless all are in the run.
    std::optional<double> mean_call_ms(const std::string& policy, bool waiting_only) const {
        double sum = 0, weight = 0;
        for (const auto& [scenario, unused] : theirs_.umount_ms) {
            if (!theirs_.weights.empty() && !theirs_.weights.contains(scenario)) continue;
            const auto* c = cell_of(scenario, policy);
            if (!c) return std::nullopt;
            const double calls = static_cast<double>(std::max<std::uint64_t>(c->drain.calls, 1));
            const double w = theirs_.weights.empty() ? calls : theirs_.weights.at(scenario);
            const double share = waiting_only ? static_cast<double>(c->drain.waited) / calls : 1.0;
            sum += w * c->drain.total_ms / calls;
            weight += w * share;
        }
        return weight > 0 ? std::optional{sum / weight} : std::nullopt;
    }
    void per_call() {
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
    static double sum(const std::map<std::string, double>& parts) {
        double all = 0;
        for (const auto& [part, ms] : parts) all += ms;
        return all;
    }
    static std::map<std::string, double> parts_of(const report::cell& c) {
        const auto p = c.drain.parts_ms.value_or(report::wait_parts{});
        return {{"synchronize", p.synchronize}, {"barrier", p.barrier}, {"flush", p.flush}};
    }
    void ratios() {
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
    void own_cost() {
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
    void order() {
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
    void misses() {
        line("\n  {} of {} figures within their bounds\n", compared_ - static_cast<int>(missed_.size()), compared_);
        for (const auto& m : missed_) line("  missed: {}\n", m);
    }

    const report::result& ours_;
    const figures& theirs_;
    std::string text_;
    std::vector<std::string> missed_;
    int compared_ = 0;
};

}  // namespace

compared compare(const report::result& ours, const reference& theirs) { return comparison{ours, *theirs}.made(); }

std::optional<report::beside_figures> figures_beside(const report::result& ours) {
    for (const auto* word : {"published", "lab"}) {
        const auto theirs = load_reference(word);
        if (!theirs || (*theirs.value()).profile != ours.run.profile) continue;
        const auto& f = *theirs.value();
        report::beside_figures all{f.name, f.source, {}};
        for (const auto& c : ours.cells) {
            if (!c.umount_ms || !c.point.empty() || !f.umount_ms.contains(c.scenario)) continue;
            const auto& policies = f.umount_ms.at(c.scenario);
            if (const auto at = policies.find(c.policy); at != policies.end())
                all.rows.push_back({c.scenario, c.policy, p50_of(c, at->second.at_once), at->second.p50});
        }
        return all;
    }
    return std::nullopt;
}

}  // namespace drainlab::sim
