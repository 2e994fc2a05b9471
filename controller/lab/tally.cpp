#include "controller/lab/tally.hpp"

#include "controller/lab/orders.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::lab {
namespace {

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0.0 : values[(values.size() - 1) / 2];
}

}  // namespace

void kernel_tally::begin_boot(const guest::parameters& told) {
    ++boots_;
    for (const auto& s : told.scenarios) scenarios_[s.name].mounts = mounts_of(s);
    last_scenario_ = told.scenarios.front().name;
}

void kernel_tally::take(const message& m) {
    if (const auto* h = std::get_if<hello>(&m)) release_ = h->release;
    if (const auto* p = std::get_if<policy_told>(&m)) policy_ = *p;
    if (const auto* r = std::get_if<ready>(&m)) hz_ = r->hz;
    if (const auto* c = std::get_if<measured_told>(&m)) measured_ = c->causes;
    if (const auto* s = std::get_if<sample_told>(&m)) take_sample(*s);
    if (const auto* l = std::get_if<load_told>(&m)) take_load(*l);
    if (const auto* w = std::get_if<warning_told>(&m))
        if (std::find(warnings_.begin(), warnings_.end(), w->text) == warnings_.end()) warnings_.push_back(w->text);
    if (const auto* t = std::get_if<trace_told>(&m)) {
        if (traces_.empty() || traces_.back().boot != boots_ || traces_.back().number != t->number ||
            traces_.back().scenario != t->scenario)
            traces_.push_back({t->scenario, boots_, t->number, t->pid, {}});
        traces_.back().text += t->line + "\n";
    }
}

void kernel_tally::take_sample(const sample_told& s) {
    last_scenario_ = s.scenario;
    auto& g = scenarios_[s.scenario];
    if (s.status != 0 && !s.busy_inodes) {
        observe(s.scenario, fmt::format("an unmount ended with status {} and does not count", s.status));
        return;
    }
    if (s.status == 0) {
        g.cycle.umounts.push_back(s.figures);
        g.cpu_ms.push_back(static_cast<double>(s.cpu_ns) / 1e6);
        g.sync_ms.push_back(static_cast<double>(s.sync_ns) / 1e6);
        if (s.released_to_dead_ns) g.death_ms.push_back(static_cast<double>(*s.released_to_dead_ns) / 1e6);
    }
    if (s.lost_events > 0) observe(s.scenario, "events of a trace were lost: its parts may be short");
}

void kernel_tally::take_load(const load_told& l) {
    auto& g = scenarios_[l.scenario];
    g.generations += l.generations;
    g.load_ns += l.ns;
    auto& s = g.cycle.switches;
    const auto inodes = l.by_vote.value_or(0) + l.by_offline.value_or(0) + l.by_other.value_or(0);
    s.inodes += inodes;
    s.queued += inodes;
    s.done += inodes;
    s.by_producer.vote += l.by_vote.value_or(0);
    s.by_producer.offline += l.by_offline.value_or(0);
}

void kernel_tally::end_boot(const machine_end& end) {
    cpu_s_ += end.cpu_s;
    const auto line = busy_inodes_line(end.console);
    if (line.empty()) return;
    violated_ = true;
    scenarios_[last_scenario_].cycle.violations.push_back({"busy_inodes", line, "offline"});
}

void kernel_tally::observe(const std::string& scenario, const std::string& text) {
    auto& list = scenarios_[scenario].cycle.observations;
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

std::vector<report::cell> kernel_tally::cells(const std::string& policy) const {
    std::vector<report::cell> made;
    for (const auto& [name, g] : scenarios_) {
        report::collector c(name, policy, g.mounts);
        c.add(g.cycle);
        auto cell = c.make();
        cell.kernel = release_.empty() ? image_.name : fmt::format("{} ({})", release_, image_.name);
        cell.policy_seen = policy_.policy;
        if (g.mounts == "tmpfs")
            cell.namespace_policy = release_.find("-rt") == std::string::npos ? "expedited" : "normal";
        if (!g.cpu_ms.empty())
            cell.observations.push_back(fmt::format("CPU time of an unmount: {:.2f} ms (median)", median(g.cpu_ms)));
        if (!g.sync_ms.empty() && g.mounts != "tmpfs")
            cell.observations.push_back(fmt::format("its own sync took {:.2f} ms (median)", median(g.sync_ms)));
        if (!g.death_ms.empty())
            cell.observations.push_back(
                fmt::format("closing the file that held it took {:.2f} ms (median)", median(g.death_ms)));
        if (g.generations > 0)
            cell.observations.push_back(
                fmt::format("the load made {:.0f} generations a second",
                            static_cast<double>(g.generations) * 1e9 / static_cast<double>(g.load_ns)));
        made.push_back(std::move(cell));
    }
    return made;
}

}  // namespace drainlab::lab
