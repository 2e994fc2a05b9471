#include "controller/sim/grid.hpp"

#include "controller/experiment/so_far.hpp"
#include "controller/sim/executor.hpp"
#include "controller/words/words.hpp"
#include "fusefs/profile/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <mutex>
#include <thread>

namespace drainlab::sim {

using experiment::exit_code;

namespace {

template <class Number>
bool parse_number(const std::string& text, Number& out) {
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, out);
    return error == std::errc{} && rest == end;
}

bool assign(const profile::key& k, bool& field, const std::string& text) {
    if (text != "true" && text != "false") return false;
    field = text == "true";
    return k.name != "zero";
}
bool assign(const profile::key& k, int& field, const std::string& text) {
    int v = 0;
    if (!parse_number(text, v) || v < k.least || v > k.most) return false;
    field = v;
    return true;
}
bool assign(const profile::key& k, double& field, const std::string& text) {
    double v = 0;
    if (!parse_number(text, v) || !(v >= k.least && v <= k.most)) return false;
    field = v;
    return true;
}
bool assign(const profile::key& k, nanoseconds& field, const std::string& text) {
    nanoseconds v{};
    if (!profile::parse_duration(text, v) || static_cast<double>(v.count()) > k.most) return false;
    field = v;
    return true;
}

struct load_key {
    const char* name;
    int machine_options::*field;
    int most;
};
constexpr load_key load_keys[] = {{"superblocks", &machine_options::superblocks, 1'000'000},
                                  {"burners", &machine_options::burners, 100'000},
                                  {"inodes", &machine_options::inodes, 10'000'000},
                                  {"writes", &machine_options::writes, 1'000'000},
                                  {"generation_ms", &machine_options::generation_ms, 1'000'000}};

std::vector<std::string> all_keys() {
    std::vector<std::string> names;
    for (const auto& k : profile::keys())
        if (k.name != "zero") names.emplace_back(k.name);
    for (const auto& k : load_keys) names.emplace_back(k.name);
    return names;
}

experiment::failure bad_value(const std::string& key, const std::string& value, const std::string& wanted) {
    return experiment::usage_error(fmt::format("{}={}: \"{}\" must be {}", key, value, key, wanted));
}

/// Hears of the unmounts of a cell, ns.
using listener = std::function<void(const std::vector<report::umount_sample>&)>;

/// Makes run_bench() end when somebody asks to stop, and lets somebody listen to all cycles but the first, which warms up.
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

experiment::result<void> set_key(machine_options& machine, const std::string& key, const std::string& value) {
    for (const auto& k : load_keys) {
        if (key != k.name) continue;
        int v = 0;
        if (!parse_number(value, v) || v < 0 || v > k.most)
            return bad_value(key, value, fmt::format("a whole number up to {}", k.most));
        machine.*k.field = v;
        return experiment::success();
    }
    const auto* k = profile::find_key(key);
    if (!k || key == "zero") {
        const auto known = all_keys();
        const auto near = words::nearest(key, known);
        return experiment::usage_error("unknown key '" + key + "' of a machine",
                                       near ? "did you mean '" + *near + "'?" : "known: " + words::join(known));
    }
    const bool good = std::visit([&](auto member) { return assign(*k, machine.profile.*member, value); }, k->field);
    if (!good) return bad_value(key, value, profile::expectation(*k));
    if (machine.profile.tick_jitter > machine.profile.tick())
        return experiment::usage_error(key + "=" + value + ": tick_jitter must be at most a tick, 1/hz s");
    if (machine.profile.umount_before_call + machine.profile.umount_in_shutdown > 1)
        return experiment::usage_error(key + "=" + value +
                                       ": umount_before_call and umount_in_shutdown are together at most 1");
    if (key == "cpus" && machine.profile.cpus > 16) machine.profile.wake_from_gp = false;  // WAKE_FROM_GP_CPU_THRESHOLD
    return experiment::success();
}

experiment::result<std::vector<axis>> parse_sweep(const std::vector<std::string>& words,
                                                  const machine_options& machine) {
    std::vector<axis> axes;
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals != std::string::npos)
            axes.push_back({word.substr(0, equals), {word.substr(equals + 1)}});
        else if (!axes.empty())
            axes.back().second.push_back(word);
        else
            return experiment::usage_error("--sweep " + word + ": KEY=A,B,C is expected, as hz=100,250,1000");
    }
    for (const auto& [key, values] : axes)
        for (const auto& value : values) {
            machine_options tried = machine;
            if (const auto set = set_key(tried, key, value); !set) {
                auto why = set.error();
                why.message = "--sweep: " + why.message;
                return why;
            }
        }
    return axes;
}

std::vector<point> points_of(const std::vector<axis>& axes) {
    std::vector<point> points{{}};
    for (const auto& [key, values] : axes) {
        std::vector<point> longer;
        for (const auto& p : points)
            for (const auto& value : values) {
                longer.push_back(p);
                longer.back()[key] = value;
            }
        points = std::move(longer);
    }
    return points;
}

experiment::result<shard> parse_shard(const std::string& word) {
    const auto slash = word.find('/');
    shard s;
    const bool good = slash != std::string::npos && parse_number(word.substr(0, slash), s.number) &&
                      parse_number(word.substr(slash + 1), s.of) && s.number >= 1 && s.number <= s.of;
    if (!good) return experiment::usage_error("--shard " + word + ": I/N is expected, the I-th of N, as 1/8");
    return s;
}

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

/// Takes cells in order, each by whoever is free. Once one is not complete, none behind it is begun or gone on with: what is merged
/// is what one thread would have made.
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
    /// The main ratio at this cell's point of the grid: of base, else the first policy, to persb. A few times a second: it is for people.
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
