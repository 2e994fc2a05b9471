// drainctl sim: the bench in virtual time.
#include "controller/cli/command.hpp"
#include "controller/cli/fit_lines.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/sim_lazy.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/lab/profile_out.hpp"
#include "controller/machine/load.hpp"
#include "controller/result/merge.hpp"
#include "controller/sim/compare.hpp"
#include "controller/sim/grid.hpp"
#include "controller/sim/machine_keys.hpp"
#include "controller/words/data_dir.hpp"
#include "fusefs/kernel/types.hpp"
#include "fusefs/profile/load.hpp"
#include "fusefs/version.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <thread>

namespace drainlab::cli {
namespace {

using word_list = std::vector<std::string>;

struct options {
    word_list policies, namespace_policies, scenarios, widen, expect_violation, sweep;
    std::optional<std::int64_t> samples, cpus, hz, jobs;
    std::int64_t seed = 1, superblocks = 0, burners = 0, inodes = 0, writes = 0;
    bool quick = false, events = false, keep_going = false, check = false, reproducible = false;
    std::optional<std::string> profile, shard, compare, json;
    std::string gp_model = "mechanism", format = "text";
    std::optional<duration> timeout;

    std::int64_t samples_wanted() const { return samples.value_or(quick ? 15 : 40); }
    /// The machine that a comparison is about, unless another one is asked for.
    std::string profile_name() const {
        if (lazy()) return profile.value_or("rt-8cpu");
        return profile.value_or(compare == "lab" ? "lab-4vcpu" : "qemu-16vcpu");
    }
    /// What is not asked for is as on the other side, as far as a simulation can do it.
    void follow(const sim::compared_machine& theirs, const word_list& known_scenarios) {
        if (against_reference() || lazy()) return;
        if (!profile && !theirs.profile.empty()) profile = theirs.profile;
        if (!cpus && theirs.cpus > 0) cpus = theirs.cpus;
        if (scenarios.empty())
            for (const auto& s : theirs.scenarios)
                if (std::find(known_scenarios.begin(), known_scenarios.end(), s) != known_scenarios.end())
                    scenarios.push_back(s);
        const auto known = known_policies();
        if (policies.empty())
            for (const auto& p : theirs.policies)
                if (std::find(known.begin(), known.end(), p) != known.end()) policies.push_back(p);
    }
    /// Namespace policies are compared, not drain policies.
    bool lazy() const { return std::any_of(scenarios.begin(), scenarios.end(), sim::is_lazy_scenario); }
    bool against_reference() const { return compare == "lab" || compare == "published"; }
};

// ---- what to run -----------------------------------------------------------------------------------------------------

result<word_list> scenario_words(const options& o) {
    if (o.scenarios.empty() && o.against_reference()) return sim::compared_scenarios();
    if (o.scenarios.empty()) return word_list{"no_pressure", "idle_cross_pressure"};
    if (std::find(o.scenarios.begin(), o.scenarios.end(), "all") == o.scenarios.end()) return o.scenarios;
    BOOST_OUTCOME_TRY(auto names, words::data_names("scenarios"));
    std::erase_if(names, [](const std::string& n) { return n.starts_with("lazy"); });
    return names;
}

result<void> widen(const options& o, sim::machine_options& machine) {
    for (const auto& word : o.widen) {
        const auto equals = word.find('=');
        const auto width = equals == std::string::npos ? std::nullopt : words::parse_duration(word.substr(equals + 1));
        if (!width || equals == 0)
            return client::usage_error("--widen " + word + ": POINT=T is expected, as isw_prepared=5ms");
        word_list known;
        for (const auto& point : kernel::point::all) known.emplace_back(point.name);
        const auto name = word.substr(0, equals);
        if (std::find(known.begin(), known.end(), name) == known.end())
            return client::usage_error("--widen " + word + ": no such point", "known: " + words::join(known));
        machine.widen.emplace_back(*std::find(known.begin(), known.end(), name), *width);
    }
    return client::success();
}

result<sim::machine_options> machine_of(const options& o) {
    sim::machine_options m;
    BOOST_OUTCOME_TRY(auto file, words::data_file("profiles", o.profile_name()));
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
    m.events = o.events;
    if (o.cpus) { BOOST_OUTCOME_TRYV(sim::set_key(m, "cpus", std::to_string(*o.cpus))); }
    if (o.hz) { BOOST_OUTCOME_TRYV(sim::set_key(m, "hz", std::to_string(*o.hz))); }
    BOOST_OUTCOME_TRYV(widen(o, m));
    return m;
}

/// A machine for each kernel of the lab: with the causes that its guest measured, else as its release comes.
std::vector<sim::grid_row> rows_of(const sim::compared_machine& theirs, const sim::grid& g) {
    std::vector<sim::grid_row> rows;
    const auto& wanted = g.bench.policies;
    for (const auto& kernel : theirs.rows) {
        if (std::find(wanted.begin(), wanted.end(), kernel.policy) == wanted.end()) continue;
        rows.push_back({kernel.name, kernel.policy, g.machine});
        auto& p = rows.back().machine.profile;
        p.wake_from_gp = kernel.wakes_from_gp;
        if (!kernel.figures.empty()) p = lab::profile_of(lab::causes_of(kernel.figures), p, p.shared_clock).profile;
    }
    return rows;
}

result<sim::grid> grid_of(const options& o) {
    sim::grid g;
    BOOST_OUTCOME_TRY(auto names, scenario_words(o));
    for (const auto& name : names) {
        BOOST_OUTCOME_TRY(auto s, experiment::load_scenario(name));
        g.bench.scenarios.push_back(std::move(s));
    }
    g.bench.policies = chosen_policy_ids(o.policies);
    g.bench.samples = static_cast<int>(o.samples_wanted());
    g.bench.seed = static_cast<std::uint64_t>(o.seed);
    g.bench.keep_going = o.keep_going;
    for (const auto& p : o.expect_violation) {
        if (std::find(g.bench.policies.begin(), g.bench.policies.end(), p) == g.bench.policies.end())
            return client::usage_error("--expect-violation " + p + ": that policy is not in this run",
                                       "it runs " + words::join(g.bench.policies));
        g.bench.expected_violations.insert(p);
    }
    BOOST_OUTCOME_TRY(g.machine, machine_of(o));
    BOOST_OUTCOME_TRY(auto axes, sim::parse_sweep(o.sweep, g.machine));
    g.points = sim::points_of(axes);
    if (o.shard) { BOOST_OUTCOME_TRY(g.part, sim::parse_shard(*o.shard)); }
    g.jobs = static_cast<int>(
        std::min<std::int64_t>(o.jobs.value_or(std::max(1u, std::thread::hardware_concurrency())), 256));
    return g;
}

// ---- running ---------------------------------------------------------------------------------------------------------

report::result result_of(const options& o, const sim::grid& g, sim::outcome& made, double elapsed_s,
                         double load_before) {
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
    if (o.shard) r.run.shard = report::shard_info{g.part.number, g.part.of};
    r.run.grid_cells = sim::cells_of(g);
    if (!o.reproducible) {
        note_run(r.run, load_before);
        r.run.started = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
        r.run.elapsed_s = elapsed_s;
    }
    r.cells = std::move(made.cells);
    report::finish_points(r, "persb", g.bench.seed);
    return r;
}

sim::outcome run_with_progress(const options& o, const sim::grid& g) {
    using clock = std::chrono::steady_clock;
    const auto begun = clock::now();
    bool late = false;
    heed_signals();
    progress_line line;
    auto made = sim::run_grid(
        g, [&](const experiment::progress& at) { line.show(at); },
        [&] {
            late = o.timeout && clock::now() - begun > *o.timeout;
            return late || asked_to_stop();
        });
    if (late && made.exit == exit_code::interrupted) {
        made.exit = exit_code::timed_out;
        made.why = client::failure{
            "timed_out", "--timeout " + words::show_duration(*o.timeout) + " is over", {}, exit_code::timed_out, 0};
    }
    return made;
}

/// What the lazy scenarios have no use for.
result<void> check_lazy(const options& o) {
    if (!std::all_of(o.scenarios.begin(), o.scenarios.end(), sim::is_lazy_scenario))
        return client::usage_error("sim: " + words::join(sim::lazy_scenarios()) +
                                   " cannot be mixed with other scenarios");
    for (const auto& [set, name] : {std::pair{!o.policies.empty(), "--policy"},
                                    {!o.sweep.empty(), "--sweep"},
                                    {o.shard.has_value(), "--shard"},
                                    {!o.widen.empty(), "--widen"},
                                    {!o.expect_violation.empty(), "--expect-violation"},
                                    {o.check && !o.compare, "--check without --compare"}})
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
    l.check = o.check;
    heed_signals();
    return simulate_lazy(l, asked_to_stop);
}

/// A miss (1) counts more than a check that could check nothing (4).
exit_code worse(exit_code a, exit_code b) {
    if (a == exit_code::violated || b == exit_code::violated) return exit_code::violated;
    return a == exit_code::fine ? b : a;
}

/// The scenarios' own expectations; beside a comparison they may all be skipped.
exit_code check_all(const options& o, const report::result& r, const sim::grid& g, bool compared) {
    const auto all = check_expectations(o.json, o.format, r, g.bench.scenarios);
    return compared && all.missed == 0 ? exit_code::fine : all.exit();
}

result<exit_code> simulate(options o) {
    std::optional<sim::reference> theirs;
    const bool own_machines = !o.profile;
    if (o.compare && !o.lazy()) {
        BOOST_OUTCOME_TRY(theirs, sim::load_reference(*o.compare));
        BOOST_OUTCOME_TRY(const auto known, words::data_names("scenarios"));
        o.follow(sim::machine_behind(*theirs), known);
    }
    if (o.lazy()) return simulate_lazily(o);
    if (!o.namespace_policies.empty())
        return client::usage_error("sim: --namespace-policy goes with the scenarios " +
                                   words::join(sim::lazy_scenarios()));
    BOOST_OUTCOME_TRY(auto g, grid_of(o));
    if (theirs && own_machines) g.rows = rows_of(sim::machine_behind(*theirs), g);
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    const auto begun = std::chrono::steady_clock::now();
    const double load_before = machine::load_average();
    auto made = run_with_progress(o, g);
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const auto r = result_of(o, g, made, elapsed, load_before);
    print_result(o.json, o.format, r);
    BOOST_OUTCOME_TRYV(write_result(o.json, r));
    auto checked = exit_code::fine;
    if (theirs) {
        const auto c = sim::compare(r, *theirs);
        fmt::print(o.json == "-" || o.format != "text" ? stderr : stdout, "\n{}", fit_lines(c.text, columns()));
        if (o.check) checked = exit_of(c);
    }
    if (o.check) checked = worse(checked, check_all(o, r, g, theirs.has_value()));
    std::fflush(stdout);
    if (made.why) {
        remark(made.why->message);
        if (!made.why->hint.empty()) remark(made.why->hint);
    }
    return made.exit == exit_code::fine ? checked : made.exit;
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
    c.option(
        "--compare", o.compare,
        "prints ours, theirs and the ratio: published, lab, or a result file, of lab too; what is not asked for is as "
        "there");
    c.flag("--check", o.check,
           "print what the scenarios expect and whether it held; exit 1 if something did not or --compare misses, 4 if "
           "nothing "
           "could be checked");
    c.flag("--reproducible", o.reproducible, "leaves the wall clock out of the result");
    c.option("--format", o.format, "of standard output").one_of(result_formats());
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
    c.option("--jobs", o.jobs,
             "cells made at the same time (default: as many as there are CPUs); the result is the same", 1);
    c.flag("--events", o.events,
           "record what the model traces and who has which CPU, for report --as chrome-trace or ftrace");
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
