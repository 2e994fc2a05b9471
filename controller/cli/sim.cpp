// drainctl sim: the bench in virtual time.
#include "controller/cli/command.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/sim_lazy.hpp"
#include "controller/client/data_dir.hpp"
#include "controller/run/progress_line.hpp"
#include "controller/sim/compare.hpp"
#include "controller/sim/grid.hpp"
#include "fusefs/kernel/types.hpp"
#include "fusefs/profile/load.hpp"
#include "fusefs/version.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>

namespace drainlab::cli {
namespace {

using words = std::vector<std::string>;

struct options {
    words policies, namespace_policies, scenarios, widen, expect_violation, sweep;
    std::optional<std::int64_t> samples, cpus, hz;
    std::int64_t seed = 1, superblocks = 0, burners = 0, inodes = 0, writes = 0;
    bool quick = false, keep_going = false, check = false, reproducible = false;
    std::optional<std::string> profile, shard, compare, json;
    std::string gp_model = "mechanism", format = "text";
    std::optional<duration> timeout;

    std::int64_t samples_wanted() const { return samples.value_or(quick ? 15 : 40); }
    /// The machine that a comparison is about, unless another one is asked for.
    std::string profile_name() const {
        if (lazy()) return profile.value_or("rt-8cpu");
        return profile.value_or(compare == "lab" ? "lab-4vcpu" : "qemu-16vcpu");
    }
    /// Namespace policies are compared, not drain policies.
    bool lazy() const { return std::any_of(scenarios.begin(), scenarios.end(), sim::is_lazy_scenario); }
    bool against_reference() const { return compare == "lab" || compare == "published"; }
};

// ---- what to run -----------------------------------------------------------------------------------------------------

result<words> scenario_words(const options& o) {
    if (o.scenarios.empty() && o.against_reference()) return sim::compared_scenarios();
    if (o.scenarios.empty()) return words{"no_pressure", "idle_cross_pressure"};
    if (std::find(o.scenarios.begin(), o.scenarios.end(), "all") == o.scenarios.end()) return o.scenarios;
    BOOST_OUTCOME_TRY(auto names, client::data_names("scenarios"));
    std::erase_if(names, [](const std::string& n) { return n.starts_with("lazy"); });
    return names;
}

result<void> widen(const options& o, sim::machine_options& machine) {
    for (const auto& word : o.widen) {
        const auto equals = word.find('=');
        const auto width = equals == std::string::npos ? std::nullopt : client::parse_duration(word.substr(equals + 1));
        if (!width || equals == 0)
            return client::usage_error("--widen " + word + ": POINT=T is expected, as isw_prepared=5ms");
        words known;
        for (const auto& point : kernel::point::all) known.emplace_back(point.name);
        const auto name = word.substr(0, equals);
        if (std::find(known.begin(), known.end(), name) == known.end())
            return client::usage_error("--widen " + word + ": no such point", "known: " + client::join(known));
        machine.widen.emplace_back(*std::find(known.begin(), known.end(), name), *width);
    }
    return client::success();
}

result<sim::machine_options> machine_of(const options& o) {
    sim::machine_options m;
    BOOST_OUTCOME_TRY(auto file, client::data_file("profiles", o.profile_name()));
    auto loaded = profile::load_profile(file, {});
    if (!loaded) return client::usage_error(loaded.error);
    m.profile = *loaded.value;
    if (m.profile.zero)
        return client::usage_error("--profile zero: nothing takes any time there, so virtual time would stand still",
                                   "--gp-model none takes the waits of RCU away and keeps the rest");
    if (o.gp_model != "mechanism") m.gp_model = o.gp_model;
    m.superblocks = static_cast<int>(o.superblocks);
    m.burners = static_cast<int>(o.burners);
    m.inodes = static_cast<int>(o.inodes);
    m.writes = static_cast<int>(o.writes);
    if (o.cpus) { BOOST_OUTCOME_TRYV(sim::set_key(m, "cpus", std::to_string(*o.cpus))); }
    if (o.hz) { BOOST_OUTCOME_TRYV(sim::set_key(m, "hz", std::to_string(*o.hz))); }
    BOOST_OUTCOME_TRYV(widen(o, m));
    return m;
}

result<sim::grid> grid_of(const options& o) {
    sim::grid g;
    BOOST_OUTCOME_TRY(auto names, scenario_words(o));
    for (const auto& name : names) {
        BOOST_OUTCOME_TRY(auto s, run::load_scenario(name));
        g.bench.scenarios.push_back(std::move(s));
    }
    g.bench.policies = chosen_policy_ids(o.policies);
    g.bench.samples = static_cast<int>(o.samples_wanted());
    g.bench.seed = static_cast<std::uint64_t>(o.seed);
    g.bench.keep_going = o.keep_going;
    for (const auto& p : o.expect_violation) {
        if (std::find(g.bench.policies.begin(), g.bench.policies.end(), p) == g.bench.policies.end())
            return client::usage_error("--expect-violation " + p + ": that policy is not in this run",
                                       "it runs " + client::join(g.bench.policies));
        g.bench.expected_violations.insert(p);
    }
    BOOST_OUTCOME_TRY(g.machine, machine_of(o));
    BOOST_OUTCOME_TRY(auto axes, sim::parse_sweep(o.sweep, g.machine));
    g.points = sim::points_of(axes);
    if (o.shard) { BOOST_OUTCOME_TRY(g.part, sim::parse_shard(*o.shard)); }
    return g;
}

// ---- running ---------------------------------------------------------------------------------------------------------

volatile std::sig_atomic_t asked_to_stop = 0;
void on_signal(int) { asked_to_stop = 1; }

void heed_signals() {
    struct sigaction act {};
    act.sa_handler = on_signal;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &act, nullptr);
}

report::result result_of(const options& o, const sim::grid& g, sim::outcome& made, double elapsed_s) {
    report::result r;
    r.complete = made.complete;
    r.tool = {"drainlab", version(), git_revision()};
    r.environment.kernel = "modelled";
    r.environment.cpus = g.machine.profile.cpus;
    r.run.mode = "sim";
    r.run.seed = g.bench.seed;
    r.run.profile = o.profile_name();
    r.run.workload = "modelled";
    r.run.samples = g.bench.samples;
    if (!o.reproducible) {
        r.run.started = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
        r.run.elapsed_s = elapsed_s;
    }
    r.cells = std::move(made.cells);
    sim::finish(r, "persb", g.bench.seed);
    return r;
}

sim::outcome run_with_progress(const options& o, const sim::grid& g) {
    using clock = std::chrono::steady_clock;
    const auto begun = clock::now();
    bool late = false;
    heed_signals();
    run::progress_line line;
    auto made = sim::run_grid(
        g, [&](const run::progress& at) { line.show(at); },
        [&] {
            late = o.timeout && clock::now() - begun > *o.timeout;
            return late || asked_to_stop != 0;
        });
    if (late && made.exit == exit_code::interrupted) {
        made.exit = exit_code::timed_out;
        made.why = client::failure{
            "timed_out", "--timeout " + client::show_duration(*o.timeout) + " is over", {}, exit_code::timed_out, 0};
    }
    return made;
}

/// What the lazy scenarios have no use for.
result<void> check_lazy(const options& o) {
    if (!std::all_of(o.scenarios.begin(), o.scenarios.end(), sim::is_lazy_scenario))
        return client::usage_error("sim: " + client::join(sim::lazy_scenarios()) +
                                   " cannot be mixed with other scenarios");
    for (const auto& [set, name] : {std::pair{!o.policies.empty(), "--policy"},
                                    {!o.sweep.empty(), "--sweep"},
                                    {o.shard.has_value(), "--shard"},
                                    {!o.widen.empty(), "--widen"},
                                    {!o.expect_violation.empty(), "--expect-violation"},
                                    {o.check, "--check"}})
        if (set) return client::usage_error(std::string("sim: ") + name + " does not go with the lazy scenarios");
    return client::success();
}

result<exit_code> simulate_lazily(const options& o) {
    BOOST_OUTCOME_TRYV(check_lazy(o));
    sim_lazy_options l;
    BOOST_OUTCOME_TRY(l.what.machine, machine_of(o));
    l.what.scenarios = o.scenarios;
    l.what.policies = o.namespace_policies;
    if (l.what.policies.empty()) l.what.policies = {"expedited", "deferred", "on_demand"};
    if (std::find(l.what.policies.begin(), l.what.policies.end(), "all") != l.what.policies.end()) {
        l.what.policies.clear();
        for (const auto* p : kernel::namespace_policies()) l.what.policies.emplace_back(p->id());
    }
    l.what.samples = static_cast<int>(o.samples_wanted());
    l.what.seed = static_cast<std::uint64_t>(o.seed);
    l.profile = o.profile_name();
    l.format = o.format;
    l.json = o.json;
    l.compare = o.compare;
    l.reproducible = o.reproducible;
    heed_signals();
    return simulate_lazy(l, [] { return asked_to_stop != 0; });
}

result<exit_code> simulate(const options& o) {
    if (o.lazy()) return simulate_lazily(o);
    if (!o.namespace_policies.empty())
        return client::usage_error("sim: --namespace-policy goes with the scenarios " +
                                   client::join(sim::lazy_scenarios()));
    BOOST_OUTCOME_TRY(auto g, grid_of(o));
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    std::optional<sim::reference> theirs;
    if (o.compare) { BOOST_OUTCOME_TRY(theirs, sim::load_reference(*o.compare)); }
    const auto begun = std::chrono::steady_clock::now();
    auto made = run_with_progress(o, g);
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const auto r = result_of(o, g, made, elapsed);
    print_result(o.json, o.format, r, g.bench.scenarios);
    BOOST_OUTCOME_TRYV(write_result(o.json, r));
    bool fine = true;
    if (theirs) fmt::print(o.json == "-" || o.format != "text" ? stderr : stdout, "\n{}", sim::compare(r, *theirs));
    if (o.check) fine = check_expectations(o.json, o.format, r, g.bench.scenarios);
    std::fflush(stdout);
    if (made.why) {
        remark(made.why->message);
        if (!made.why->hint.empty()) remark(made.why->hint);
    }
    if (made.exit == exit_code::fine && !fine) return exit_code::violated;
    return made.exit;
}

// ---- the command -----------------------------------------------------------------------------------------------------

void declare_what(command& c, options& o) {
    c.list("--policy", o.policies, "drain policies, or all (default base,race,rmbarrier,persb)")
        .one_of(policies_and_all);
    c.list("--namespace-policy", o.namespace_policies,
           "with lazy_free, lazy_held, umount_free: how namespace_unlock() waits, or all (default "
           "expedited,deferred,on_demand)")
        .one_of(namespace_policy_words);
    c.list("--scenario", o.scenarios, "scenarios by name or file, or all (default no_pressure,idle_cross_pressure)");
    c.option("--samples", o.samples, "unmounts per scenario and policy (default 40)", 1, 1'000'000);
    c.flag("--quick", o.quick, "15 samples");
    c.option("--seed", o.seed, "of the whole run; the same seed gives the same bytes");
    c.option("--compare", o.compare, "prints ours, theirs and the ratio: published, lab, or a result file");
    c.flag("--check", o.check, "print what the scenarios expect and whether it held; exit 1 if something did not");
    c.flag("--reproducible", o.reproducible, "leaves the wall clock out of the result");
    c.option("--format", o.format, "of standard output").one_of({"text", "markdown", "csv"});
}

void declare_machine(command& c, options& o) {
    c.option("--profile", o.profile, "what the modelled machine is like, by name or file (default qemu-16vcpu)");
    c.option("--cpus", o.cpus, "CPUs, instead of the profile's", 1, 4096);
    c.option("--hz", o.hz, "ticks per second, instead of the profile's", 10, 2000);
    c.option("--superblocks", o.superblocks, "idle superblocks mounted besides", 0, 1'000'000);
    c.option("--burners", o.burners, "busy superblocks, in scenarios that have some (0: the scenario's)", 0, 100'000);
    c.option("--inodes", o.inodes, "clean cached files on every superblock", 0, 10'000'000);
    c.option("--writes", o.writes, "of 4 KiB in a burner's generation (0: the scenario's)", 0, 1'000'000);
    c.option("--gp-model", o.gp_model,
             "where grace periods take their time from: ticks and quiescent states, one formula, or none")
        .one_of({"mechanism", "formula", "none"});
}

void declare_how(command& c, options& o) {
    c.list("--sweep", o.sweep,
           "KEY=A,B,C: every combination; keys are those of a profile, superblocks, burners, inodes, writes, "
           "generation_ms");
    c.option("--shard", o.shard, "I/N: only every N-th cell from the I-th on; join the parts with `drainctl merge`");
    c.list("--widen", o.widen, "POINT=T: makes a named preemption point that wide");
    c.list("--expect-violation", o.expect_violation, "exit 0 if this policy violates an invariant, 1 if it does not");
    c.flag("--keep-going", o.keep_going, "do not end at the first violation");
    c.option("--timeout", o.timeout, "ends the run after this; what was made is kept, exit 124");
    c.json_file(o.json);
}

}  // namespace

void declare_sim(command& c) {
    auto o = std::make_shared<options>();
    c.about("the bench in virtual time, on a modelled machine of any size", "drainctl sim --compare published");
    declare_what(c, *o);
    declare_machine(c, *o);
    declare_how(c, *o);
    c.note(
        "Touches nothing of this machine. Every cell has a machine of its own, seeded by seed, scenario and policy.");
    c.run([o] { return simulate(*o); });
}

}  // namespace drainlab::cli
