#include "controller/sim/grid.hpp"

#include "controller/client/words.hpp"
#include "controller/sim/executor.hpp"
#include "fusefs/profile/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace drainlab::sim {

using client::exit_code;

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

client::failure bad_value(const std::string& key, const std::string& value, const std::string& wanted) {
    return client::usage_error(fmt::format("{}={}: \"{}\" must be {}", key, value, key, wanted));
}

/// Makes run_bench() end when somebody asks to stop.
class stoppable final : public run::executor {
  public:
    stoppable(run::executor& inner, const std::function<bool()>& stop) : inner_{inner}, stop_{stop} {}
    client::result<void> begin(const run::scenario& s) override { return inner_.begin(s); }
    client::result<run::cycle_outcome> cycle(const run::scenario& s, const std::string& policy) override {
        if (stop_ && stop_()) return client::failure{"interrupted", "interrupted", {}, exit_code::interrupted, 0};
        return inner_.cycle(s, policy);
    }
    std::vector<report::violation> end() override { return inner_.end(); }

  private:
    run::executor& inner_;
    const std::function<bool()>& stop_;
};

/// One cell: a bench of one scenario and one policy on a machine of its own.
run::bench_outcome run_cell(const grid& g, const machine_options& machine, const run::scenario& s,
                            const std::string& policy, const std::function<void(const run::progress&)>& tell,
                            const std::function<bool()>& stop) {
    executor machines{machine, g.bench.seed};
    stoppable cycles{machines, stop};
    run::bench_options one = g.bench;
    one.scenarios = {s};
    one.policies = {policy};
    return run::run_bench(one, cycles, tell);
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
        o.why = client::failure{"violated", std::move(message), std::move(hint), exit_code::violated, 0};
    }
    const grid& grid_;
    std::set<std::string> violated_, seen_;
    std::map<std::string, std::string> first_;  ///< by policy
};

}  // namespace

client::result<void> set_key(machine_options& machine, const std::string& key, const std::string& value) {
    for (const auto& k : load_keys) {
        if (key != k.name) continue;
        int v = 0;
        if (!parse_number(value, v) || v < 0 || v > k.most)
            return bad_value(key, value, fmt::format("a whole number up to {}", k.most));
        machine.*k.field = v;
        return client::success();
    }
    const auto* k = profile::find_key(key);
    if (!k || key == "zero") {
        const auto known = all_keys();
        const auto near = client::nearest(key, known);
        return client::usage_error("unknown key '" + key + "' of a machine",
                                   near ? "did you mean '" + *near + "'?" : "known: " + client::join(known));
    }
    const bool good = std::visit([&](auto member) { return assign(*k, machine.profile.*member, value); }, k->field);
    if (!good) return bad_value(key, value, profile::expectation(*k));
    if (machine.profile.tick_jitter > machine.profile.tick())
        return client::usage_error(key + "=" + value + ": tick_jitter must be at most a tick, 1/hz s");
    if (key == "cpus" && machine.profile.cpus > 16) machine.profile.wake_from_gp = false;  // WAKE_FROM_GP_CPU_THRESHOLD
    return client::success();
}

client::result<std::vector<axis>> parse_sweep(const std::vector<std::string>& words, const machine_options& machine) {
    std::vector<axis> axes;
    for (const auto& word : words) {
        const auto equals = word.find('=');
        if (equals != std::string::npos)
            axes.push_back({word.substr(0, equals), {word.substr(equals + 1)}});
        else if (!axes.empty())
            axes.back().second.push_back(word);
        else
            return client::usage_error("--sweep " + word + ": KEY=A,B,C is expected, as hz=100,250,1000");
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

client::result<shard> parse_shard(const std::string& word) {
    const auto slash = word.find('/');
    shard s;
    const bool good = slash != std::string::npos && parse_number(word.substr(0, slash), s.number) &&
                      parse_number(word.substr(slash + 1), s.of) && s.number >= 1 && s.number <= s.of;
    if (!good) return client::usage_error("--shard " + word + ": I/N is expected, the I-th of N, as 1/8");
    return s;
}

outcome run_grid(const grid& g, const std::function<void(const run::progress&)>& tell,
                 const std::function<bool()>& stop) {
    outcome o;
    verdicts verdict{g};
    run::progress overall;
    int index = 0, cycles_before = 0;
    const auto mine = [&] { return index++ % g.part.of == g.part.number - 1; };
    for (std::size_t p = 0; p < g.points.size(); ++p)
        for (const auto& s : g.bench.scenarios)
            for (std::size_t k = 0; k < g.bench.policies.size(); ++k)
                if (mine()) overall.total += 1 + run::cycles_for(g.bench.samples, s.target.at_once);
    index = 0;
    for (const auto& at : g.points) {
        machine_options machine = g.machine;
        for (const auto& [key, value] : at)
            if (const auto set = set_key(machine, key, value); !set) {
                o.complete = false;
                o.exit = set.error().exit;
                o.why = set.error();
                return o;
            }
        if (const auto wake = at.find("wake_from_gp"); wake != at.end())
            machine.profile.wake_from_gp = wake->second == "true";
        for (const auto& s : g.bench.scenarios)
            for (const auto& policy : g.bench.policies) {
                if (!mine()) continue;
                auto made = run_cell(
                    g, machine, s, policy,
                    [&](const run::progress& now) {
                        overall.scenario = now.scenario;
                        overall.policy = now.policy;
                        overall.done = cycles_before + now.done;
                        if (tell) tell(overall);
                    },
                    stop);
                cycles_before += 1 + run::cycles_for(g.bench.samples, s.target.at_once);
                made.cells.front().point = at;
                made.cells.front().place = static_cast<std::uint64_t>(index - 1);
                verdict.note(policy, made.cells.front(), at);
                o.cells.push_back(std::move(made.cells.front()));
                if (made.complete) continue;
                o.complete = false;
                if (made.why && made.why->code != "violated") {
                    o.exit = made.exit;
                    o.why = made.why;
                } else {
                    verdict.judge(o);
                }
                return o;
            }
    }
    verdict.judge(o);
    return o;
}

void finish(report::result& r, const std::string& against, std::uint64_t seed) {
    std::vector<report::result> groups;  // one per point, in order of appearance
    for (auto& c : r.cells) {
        const auto same = [&](const report::result& g) { return g.cells.front().point == c.point; };
        auto group = std::find_if(groups.begin(), groups.end(), same);
        if (group == groups.end()) group = groups.emplace(groups.end());
        group->cells.push_back(std::move(c));
    }
    r.cells.clear();
    r.comparisons.clear();
    for (auto& g : groups) {
        report::finish(g, against, seed);
        r.comparisons.insert(r.comparisons.end(), g.comparisons.begin(), g.comparisons.end());
        for (auto& c : g.cells) r.cells.push_back(std::move(c));
    }
}

}  // namespace drainlab::sim
