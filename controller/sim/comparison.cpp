#include "controller/sim/comparison.hpp"

#include "controller/measure/quantile.hpp"
#include "controller/sim/difference.hpp"

namespace drainlab::sim {

double p50_of(const report::cell& c, int at_once) {
    if (at_once <= 1) return c.umount_ms->p50;
    std::vector<std::uint64_t> rounds;
    for (std::size_t i = 0; i < c.umount_ns.size(); ++i) {
        if (i % static_cast<std::size_t>(at_once) == 0) rounds.push_back(0);
        rounds.back() = std::max(rounds.back(), c.umount_ns[i]);
    }
    return static_cast<double>(measure::quantile(measure::sorted(rounds), 0.5)) / 1e6;
}

compared comparison::made() {
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

const report::cell* comparison::cell_of(const std::string& scenario, const std::string& policy) const {
    const auto* c = report::find_cell(ours_, scenario, policy);
    return c && c->umount_ms ? c : nullptr;
}

const report::cell* comparison::cell_of_row(const std::string& scenario, const std::string& row) const {
    const auto* own = cell_of(scenario, row);
    return own ? own : cell_of(scenario, theirs_.policy_of(row));
}

std::string comparison::cause(const std::string& scenario, const std::string& row) const {
    const auto all = theirs_.phases.find(scenario);
    const auto* c = cell_of_row(scenario, row);
    if (c && all != theirs_.phases.end() && all->second.contains(row))
        if (auto text = where_it_differs(c->phases_ms, all->second.at(row)); !text.empty()) return text;
    return theirs_.suspected(scenario, theirs_.policy_of(row));
}

std::string comparison::part_cause(const std::string& scenario, const std::string& row, const std::string& part) const {
    const auto guest = theirs_.measured.find(row);
    const auto* c = cell_of_row(scenario, row);
    const auto& ours = part == "barrier" ? c->rcu_ms.barrier : c->rcu_ms.synchronize;
    const std::string key = part == "barrier" ? "barrier_loaded_ns" : "synchronize_loaded_ns";
    if (!ours || guest == theirs_.measured.end() || !guest->second.contains(key)) return cause(scenario, row);
    return fmt::format("{}() takes {:.1f} ms in the model, {:.1f} in that guest under its own load",
                       part == "barrier" ? "rcu_barrier" : "synchronize_rcu", ours->p50,
                       static_cast<double>(guest->second.at(key)) / 1e6);
}

std::optional<double> comparison::mean_call_ms(const std::string& policy, bool waiting_only) const {
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

void comparison::row(const std::string& what, double ours, double theirs, double within, const std::string& scenario,
                     const std::string& policy, const char* remark, const std::string& why) {
    const double ratio = theirs > 0 ? ours / theirs : 0;
    const bool good = ratio <= within && ratio * within >= 1;
    ++compared_;
    line("  {:<44}{:>10.2f}{:>10.2f}{:>8.2f}  {}{}\n", what, ours, theirs, ratio, good ? "" : "MISS ", remark);
    if (!good)
        missed_.push_back(
            fmt::format("{} (ratio {:.2f}): {}", what, ratio, why.empty() ? cause(scenario, policy) : why));
}

void comparison::heading(const char* what, double within) {
    line("\n  {:<44}{:>10}{:>10}{:>8}  (within {:g})\n", what, "ours", "theirs", "ratio", within);
}

void comparison::misses() {
    line("\n  {} of {} figures within their bounds\n", compared_ - static_cast<int>(missed_.size()), compared_);
    for (const auto& m : missed_) line("  missed: {}\n", m);
}

}  // namespace drainlab::sim
