// drainctl bench
#include "controller/cli/bench_lazy.hpp"
#include "controller/cli/bench_options.hpp"
#include "controller/cli/bench_other.hpp"
#include "controller/cli/bench_plan.hpp"
#include "controller/cli/kept.hpp"
#include "controller/cli/noted.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/result/collect.hpp"
#include "controller/result/write.hpp"
#include "fusefs/version.hpp"

#include <algorithm>
#include <cstdio>

namespace drainlab::cli {
namespace {

report::run_info run_of(const bench_options& o) {
    report::run_info r;
    r.seed = static_cast<std::uint64_t>(o.seed);
    r.profile = o.profile;
    r.workload = o.workload;
    r.umount = o.umount;
    r.samples = static_cast<int>(o.samples_wanted());
    return r;
}

report::result result_of(const bench_options& o, experiment::bench_outcome& outcome, const real::executor& machine,
                         report::run_info info) {
    report::result r;
    r.complete = outcome.complete;
    r.tool = {"drainlab", version(), git_revision()};
    r.environment = machine.environment();
    r.run = std::move(info);
    r.cells = std::move(outcome.cells);
    report::finish(r, "persb", static_cast<std::uint64_t>(o.seed));
    return r;
}

/// The same cells once more, on the same daemon.
std::optional<report::result> suspects_again(const bench_options& o, experiment::bench_options b,
                                             const std::set<std::pair<std::string, std::string>>& suspects,
                                             real::executor& machine) {
    std::set<std::string> scenarios, policies;
    for (const auto& [scenario, policy] : suspects) {
        scenarios.insert(scenario);
        policies.insert(policy);
    }
    std::erase_if(b.scenarios, [&](const experiment::scenario& s) { return !scenarios.contains(s.name); });
    std::erase_if(b.policies, [&](const std::string& p) { return !policies.contains(p); });
    ++b.seed;
    const noted how;
    experiment::bench_outcome outcome;
    {
        progress_line line;
        outcome = experiment::run_bench(b, machine, [&](const experiment::progress& at) { line.show(at); });
    }
    if (outcome.exit != exit_code::fine) return std::nullopt;
    auto info = run_of(o);
    how.into(info);
    return result_of(o, outcome, machine, std::move(info));
}

result<exit_code> bench(const bench_options& o) {
    if (!o.namespace_policies.empty())
        return client::usage_error(
            "bench: --namespace-policy needs a modelled kernel; on real mounts the machine's own decides how umount "
            "waits",
            "drainctl sim --scenario lazy_free,lazy_held --namespace-policy " + words::join(o.namespace_policies, ","));
    if (!o.strategy.strategies.empty()) return bench_with_strategies(o);
    if (std::any_of(o.scenarios.begin(), o.scenarios.end(), is_bench_lazy)) return bench_without_load(o);
    if (!o.mounts.empty())
        return client::usage_error("bench: --mounts goes with the scenarios umount_free, lazy_free, lazy_held");
    BOOST_OUTCOME_TRY(auto b, bench_plan(o));
    BOOST_OUTCOME_TRY(auto wanted, bench_machine(o));
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    BOOST_OUTCOME_TRY(const auto before, load_baseline(o.baseline));
    auto info = run_of(o);
    const noted how;
    BOOST_OUTCOME_TRY(auto machine, real::executor::start(wanted));
    for (const auto& w : machine->warnings()) remark(w);
    experiment::bench_outcome outcome;
    {
        progress_line line;
        outcome = experiment::run_bench(b, *machine, [&](const experiment::progress& at) { line.show(at); });
    }
    how.into(info);
    info.warnings = machine->warnings();
    const auto r = result_of(o, outcome, *machine, std::move(info));
    const bool text_to_stderr = o.json == "-" || o.format != "text";
    BOOST_OUTCOME_TRYV(write_result(o.json, r));
    print_result(o.json, o.format, r);
    auto compared = exit_code::fine;
    if (before && outcome.exit == exit_code::fine) {
        std::fflush(stdout);
        const auto again = [&](const auto& suspects) { return suspects_again(o, b, suspects, *machine); };
        BOOST_OUTCOME_TRY(compared, judge_baseline(o.baseline, *before, r, again, text_to_stderr ? stderr : stdout));
    }
    machine.reset();
    const auto checked = o.check ? check_expectations(o.json, o.format, r, b.scenarios).exit() : exit_code::fine;
    if (!o.no_save && !r.cells.empty()) keep_and_say("bench", report::to_json(r), text_to_stderr);
    const bool good =
        outcome.exit == exit_code::fine && r.complete && compared == exit_code::fine && checked == exit_code::fine;
    if (o.baseline.save && good) {
        BOOST_OUTCOME_TRYV(write_document("--save-baseline", *o.baseline.save, report::to_json(r)));
    }
    std::fflush(stdout);
    if (outcome.why) {
        remark(outcome.why->message);
        if (!outcome.why->hint.empty()) remark(outcome.why->hint);
    }
    if (o.baseline.save && !good) remark("--save-baseline: not written, as something is wrong with this run");
    if (outcome.exit != exit_code::fine) return outcome.exit;
    return compared == exit_code::fine ? checked : compared;
}

}  // namespace

void declare_bench(command& c) {
    auto o = std::make_shared<bench_options>();
    c.about("measure what draining costs an unmount, policy by policy: the main job",
            "drainctl bench --scenario idle_cross_pressure --samples 40 --check");
    declare_bench_options(c, *o);
    c.note("Starts a daemon of its own, which ends with it. Quantiles are the samples at index floor(p * (n - 1)).");
    c.run([o] { return bench(*o); });
}

}  // namespace drainlab::cli
