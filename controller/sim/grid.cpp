#include "controller/sim/grid.hpp"

#include "controller/experiment/so_far.hpp"
#include "controller/sim/executor.hpp"
#include "controller/sim/machine_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace drainlab::sim {

using experiment::exit_code;

namespace {

/// Hears of the unmounts of a cell, ns.
using listener = std::function<void(const std::vector<report::umount_sample>&)>;

/// Makes run_bench() end when somebody asks to stop, and lets
/// somebody listen to all cycles but the first, which warms up.
class stoppable final : public experiment::executor {
  public:
    stoppable(experiment::executor& inner, const listener& heard, const std::function<bool()>& stop)
        : inner_{inner}, heard_{heard}, stop_{stop} {}
    experiment::result<void> begin(const experiment::scenario& s) override { return inner_.begin(s); }
    experiment::result<experiment::cycle_outcome> cycle(const experiment::scenario& s,
                                                        const std::string& policy) override {
        if (stop_ && stop_()) return experiment::failure{"interrupted", "interrupted", {}, exit_code::interrupted, 0};
        auto made = inner_.cycle(s, policy);
        if (made && !made.value().repeat && std::exchange(warm_, true)) heard_(made.value().sample.umounts);
        return made;
    }
    std::vector<report::violation> end() override { return inner_.end(); }

  private:
    experiment::executor& inner_;
    bool warm_ = false;
    const listener& heard_;
    const std::function<bool()>& stop_;
};

/// One cell: a bench of one scenario and one policy on a machine of its own.
experiment::bench_outcome run_cell(const grid& g, const machine_options& machine, const experiment::scenario& s,
                                   const std::string& policy,
                                   const std::function<void(const experiment::progress&)>& tell, const listener& heard,
                                   const std::function<bool()>& stop) {
    executor machines{machine, g.bench.seed};
    stoppable cycles{machines, heard, stop};
    experiment::bench_options one = g.bench;
    one.scenarios = {s};
    one.policies = {policy};
    return experiment::run_bench(one, cycles, tell);
}

/// What several cells together mean for the exit code: see run_bench().
class verdicts {
  public:
    explicit verdicts(const grid& g) : grid_{g} {}
    void note(const std::string& policy, const report::cell& c, const point& at) {
        seen_.insert(policy);
        if (c.violations.empty()) return;
        violated_.insert(policy);
        if (!first_.contains(policy))
            first_[policy] = fmt::format("scenario {}, policy {}, seed {}{}", c.scenario, policy, grid_.bench.seed,
                                         at.empty() ? "" : ", in this sweep");
    }
    void judge(outcome& o) const {
        if (o.exit != exit_code::fine) return;
        for (const auto& p : violated_)
            if (!grid_.bench.expected_violations.contains(p))
                return fail(o, "an invariant was violated under " + p, "to see it again: " + first_.at(p));
        for (const auto& p : grid_.bench.expected_violations)
            if (seen_.contains(p) && !violated_.contains(p)) return fail(o, "no invariant was violated under " + p, {});
    }

  private:
    static void fail(outcome& o, std::string message, std::string hint) {
        o.exit = exit_code::violated;
        o.why = experiment::failure{"violated", std::move(message), std::move(hint), exit_code::violated, 0};
    }
    const grid& grid_;
    std::set<std::string> violated_, seen_;
    std::map<std::string, std::string> first_;  ///< by policy
};

}  // namespace

std::uint64_t cells_of(const grid& g) {
    return g.points.size() * g.bench.scenarios.size() * (g.rows.empty() ? g.bench.policies.size() : g.rows.size());
}

namespace {

/// One cell of the shard, and how far it is.
struct todo {
    machine_options machine;
    const experiment::scenario* scenario;
    std::string row, policy;
    const point* at;
    std::uint64_t place;
    int cycles, done{};
    std::vector<std::uint64_t> umount_ns{};  ///< so far
    std::optional<experiment::bench_outcome> made;
};

std::vector<grid_row> rows_of(const grid& g) {
    if (!g.rows.empty()) return g.rows;
    std::vector<grid_row> rows;
    for (const auto& policy : g.bench.policies) rows.push_back({policy, policy, g.machine});
    return rows;
}

experiment::result<std::vector<todo>> cells_to_do(const grid& g) {
    const auto rows = rows_of(g);
    std::vector<todo> all;
    std::uint64_t place = 0;
    for (const auto& at : g.points) {
        auto here_rows = rows;
        for (auto& [row, policy, machine] : here_rows) {
            for (const auto& [key, value] : at) { BOOST_OUTCOME_TRYV(set_key(machine, key, value)); }
            if (const auto wake = at.find("wake_from_gp"); wake != at.end())
                machine.profile.wake_from_gp = wake->second == "true";
        }
        for (const auto& s : g.bench.scenarios)
            for (const auto& [row, policy, machine] : here_rows) {
                const auto here = place++;
                if (static_cast<int>(here % static_cast<std::uint64_t>(g.part.of)) != g.part.number - 1) continue;
                all.push_back({machine,
                               &s,
                               row,
                               policy,
                               &at,
                               here,
                               1 + experiment::cycles_for(g.bench.samples, s.target.at_once),
                               0,
                               {},
                               std::nullopt});
            }
    }
    return all;
}

/// Takes cells in order, each by whoever is free. Once one is not complete, none behind
/// it is begun or gone on with: what is merged is what one thread would have made.
class crew {
  public:
    crew(const grid& g, std::vector<todo>& cells, const std::function<void(const experiment::progress&)>& tell,
         const std::function<bool()>& stop)
        : grid_{g}, cells_{cells}, tell_{tell}, stop_{stop} {
        for (const todo& t : cells) overall_.total += t.cycles;
    }

    void work() {
        for (;;) {
            const std::size_t n = next_++;
            if (n >= cells_.size() || n > last_.load()) return;
            todo& t = cells_[n];
            t.made = run_cell(
                grid_, t.machine, *t.scenario, t.policy, [&](const experiment::progress& now) { told(t, now); },
                [&](const std::vector<report::umount_sample>& more) { heard(t, more); },
                [&] { return n > last_.load() || asked_to_stop(); });
            if (!t.made->complete) keep_up_to(n);
        }
    }

  private:
    void told(todo& t, const experiment::progress& now) {
        const std::lock_guard held{mutex_};
        overall_.done += now.done - std::exchange(t.done, now.done);
        overall_.scenario = now.scenario;
        overall_.policy = now.policy;
        if (!tell_) return;
        so_far(t);
        tell_(overall_);
    }
    void heard(todo& t, const std::vector<report::umount_sample>& more) {
        const std::lock_guard held{mutex_};
        for (const auto& u : more) t.umount_ns.push_back(u.umount_ns);
    }
    /// The main ratio at this cell's point of the grid: of base, else the
    /// first policy, to persb. A few times a second: it is for people.
    void so_far(const todo& now) {
        const auto clock = std::chrono::steady_clock::now();
        if (clock - ratio_at_ < std::chrono::milliseconds(300)) return;
        ratio_at_ = clock;
        const todo *of = nullptr, *against = nullptr;
        for (const todo& t : cells_) {
            if (t.at != now.at || t.scenario != now.scenario) continue;
            if (t.policy == grid_.bench.against)
                against = &t;
            else if (!of || t.policy == "base")
                of = &t;
        }
        if (!of || !against) return;
        if (auto ratio = experiment::ratio_so_far(of->policy, of->umount_ns, against->policy, against->umount_ns))
            overall_.so_far = *ratio;
    }
    bool asked_to_stop() {
        const std::lock_guard held{mutex_};
        return stop_ && stop_();
    }
    void keep_up_to(std::size_t n) {
        for (std::size_t last = last_; n < last && !last_.compare_exchange_weak(last, n);) {}
    }

    const grid& grid_;
    std::vector<todo>& cells_;
    const std::function<void(const experiment::progress&)>& tell_;
    const std::function<bool()>& stop_;
    std::mutex mutex_;
    experiment::progress overall_;
    std::chrono::steady_clock::time_point ratio_at_;
    std::atomic<std::size_t> next_{0}, last_{SIZE_MAX};
};

}  // namespace

outcome run_grid(const grid& g, const std::function<void(const experiment::progress&)>& tell,
                 const std::function<bool()>& stop) {
    outcome o;
    verdicts verdict{g};
    auto cells = cells_to_do(g);
    if (!cells) {
        o.complete = false;
        o.exit = cells.error().exit;
        o.why = cells.error();
        return o;
    }
    {
        crew all{g, cells.value(), tell, stop};
        std::vector<std::jthread> others;
        for (int n = 1; n < std::min(g.jobs, static_cast<int>(cells.value().size())); ++n)
            others.emplace_back([&all] { all.work(); });
        all.work();
    }
    for (todo& t : cells.value()) {
        auto& made = *t.made;
        made.cells.front().point = *t.at;
        made.cells.front().place = t.place;
        if (t.row != t.policy) {
            made.cells.front().policy = t.row;
            made.cells.front().policy_seen = t.policy;
        }
        verdict.note(t.policy, made.cells.front(), *t.at);
        o.cells.push_back(std::move(made.cells.front()));
        if (made.complete) continue;
        o.complete = false;
        if (made.why && made.why->code != "violated") {
            o.exit = made.exit;
            o.why = made.why;
            return o;
        }
        break;
    }
    verdict.judge(o);
    return o;
}

}  // namespace drainlab::sim
