// drainctl sim: the bench in virtual time.
#include "controller/cli/command.hpp"
#include "controller/cli/fit_lines.hpp"
#include "controller/cli/noted.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/sim_grid.hpp"
#include "controller/cli/sim_lazy.hpp"
#include "controller/cli/sim_options.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/result/merge.hpp"
#include "controller/sim/compare.hpp"
#include "controller/words/data_dir.hpp"
#include "fusefs/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace drainlab::cli {
namespace {

report::result result_of(const sim_options& o, const sim::grid& g, sim::outcome& made, const noted& how) {
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
    if (!o.reproducible) how.into(r.run);
    r.cells = std::move(made.cells);
    report::finish_points(r, "persb", g.bench.seed);
    return r;
}

sim::outcome run_with_progress(const sim_options& o, const sim::grid& g) {
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
result<void> check_lazy(const sim_options& o) {
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

result<exit_code> simulate_lazily(const sim_options& o) {
    BOOST_OUTCOME_TRYV(check_lazy(o));
    sim_lazy_options l;
    BOOST_OUTCOME_TRY(l.what.machine, sim_machine(o));
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
exit_code check_all(const sim_options& o, const report::result& r, const sim::grid& g, bool compared) {
    const auto all = check_expectations(o.json, o.format, r, g.bench.scenarios);
    return compared && all.missed == 0 ? exit_code::fine : all.exit();
}

result<exit_code> simulate(sim_options o) {
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
    BOOST_OUTCOME_TRY(auto g, sim_grid(o));
    if (theirs && own_machines) g.rows = sim_rows(sim::machine_behind(*theirs), g);
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    const noted how;
    auto made = run_with_progress(o, g);
    const auto r = result_of(o, g, made, how);
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

}  // namespace

void declare_sim(command& c) {
    auto o = std::make_shared<sim_options>();
    c.about("the bench in virtual time, on a modelled machine of any size", "drainctl sim --compare published");
    declare_sim_options(c, *o);
    c.note(
        "Touches nothing of this machine. Every cell has a machine of its own, seeded by seed, scenario and policy.");
    c.run([o] { return simulate(*o); });
}

}  // namespace drainlab::cli
