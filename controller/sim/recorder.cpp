#include "controller/sim/recorder.hpp"

#include "fusefs/kernel/rcu_engine.hpp"

#include <algorithm>

namespace drainlab::sim {

namespace {
std::int64_t ns(sched::instant at) { return at.time_since_epoch().count(); }
}  // namespace

recorder::recorder(world& of) : world_{of}, last_turn_(static_cast<std::size_t>(of.cpus.cpus())) {
    world_.host->on_trace = [this](const kernel::trace_event& e) {
        std::vector<std::pair<std::string, std::int64_t>> values;
        if (!e.key1.empty()) values.emplace_back(e.key1, e.value1);
        if (!e.key2.empty()) values.emplace_back(e.key2, e.value2);
        add(e.name, e.sb, std::move(values));
    };
    world_.cpus.on_turn = [this](int cpu, const sched::fiber& who, sched::instant from, sched::instant to) {
        turn(cpu, who, from, to);
    };
    if (auto* engine = dynamic_cast<kernel::rcu_engine*>(world_.rcu.get()))
        engine->on_grace_period = [this](bool begins, std::uint64_t number) {
            add(begins ? "rcu_gp_start" : "rcu_gp_end", "", {{"gp_seq", static_cast<std::int64_t>(number)}});
        };
}

recorder::~recorder() {
    world_.host->on_trace = nullptr;
    world_.cpus.on_turn = nullptr;
    if (auto* engine = dynamic_cast<kernel::rcu_engine*>(world_.rcu.get())) engine->on_grace_period = nullptr;
}

void recorder::note(const char* name, const std::string& mount) { add(name, mount, {}); }

void recorder::add(std::string_view name, std::string_view mount,
                   std::vector<std::pair<std::string, std::int64_t>> values) {
    const auto* who = world_.sched.current();
    report::traced_event e{ns(world_.sched.now()), std::string{name}, std::string{mount}, who ? who->name : "", {}, {}};
    if (who && who->cpu >= 0 && who->cpu < world_.cpus.cpus()) e.cpu = who->cpu;
    e.values = std::move(values);
    events_.push_back(std::move(e));
}

/// Turns that follow each other at once are one.
void recorder::turn(int cpu, const sched::fiber& who, sched::instant from, sched::instant to) {
    constexpr std::int64_t at_once = 20'000;
    auto& last = last_turn_[static_cast<std::size_t>(cpu)];
    if (last > 0) {
        auto& before = events_[last - 1];
        auto& length = before.values.front().second;
        if (before.task == who.name && ns(from) - (before.t_ns + length) <= at_once) {
            length = ns(to) - before.t_ns;
            return;
        }
    }
    events_.push_back({ns(from), "runs", "", who.name, cpu, {{"ns", (to - from).count()}}});
    last = events_.size();
}

std::vector<report::traced_event> recorder::take() {
    std::fill(last_turn_.begin(), last_turn_.end(), 0);
    auto all = std::exchange(events_, {});
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.t_ns < b.t_ns; });
    return all;
}

}  // namespace drainlab::sim
