// drainctl bench
#include "controller/cli/bench_baseline.hpp"
#include "controller/cli/bench_lazy.hpp"
#include "controller/cli/bench_strategy.hpp"
#include "controller/cli/command.hpp"
#include "controller/cli/kept.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/machine/load.hpp"
#include "controller/real/executor.hpp"
#include "controller/result/collect.hpp"
#include "controller/result/write.hpp"
#include "controller/words/data_dir.hpp"
#include "fusefs/version.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace drainlab::cli {
namespace {

using word_list = std::vector<std::string>;

struct options {
    word_list policies, namespace_policies, scenarios, mounts, widen, expect_violation;
    std::optional<std::int64_t> samples;
    std::int64_t seed = 1;
    bool quick = false, events = false, keep_going = false, check = false;
    std::string profile = "qemu-16vcpu", workload = "builtin", umount = "umount8", umount_wait = "auto";
    std::string identity = "auto", cgroup_root, socket, page_cache = "drop", format = "text";
    std::optional<duration> timeout;
    std::optional<std::string> json;
    bench_strategy_options strategy;
    baseline_options baseline;
    bool no_save = false;

    std::int64_t samples_wanted() const { return samples.value_or(quick ? 15 : 40); }
};

/// The lazy scenarios belong to `drainctl lazy`, a neighbour's sync and overlays are for `drainctl sim` (and lab);
/// `all` means the others.
result<word_list> scenario_words(const options& o) {
    if (o.scenarios.empty()) return word_list{"no_pressure", "idle_cross_pressure"};
    if (std::find(o.scenarios.begin(), o.scenarios.end(), "all") == o.scenarios.end()) return o.scenarios;
    BOOST_OUTCOME_TRY(auto names, words::data_names("scenarios"));
    std::erase_if(names, [](const std::string& n) {
        return n.starts_with("lazy") || n.starts_with("overlay") || n == "sync_neighbour";
    });
    return names;
}

/// A scenario with a file; who mistypes one without is told of it.
result<experiment::scenario> scenario_named(const std::string& name) {
    auto loaded = experiment::load_scenario(name);
    if (loaded) return loaded;
    auto why = loaded.error();
    const auto near = words::nearest(name, lazy_scenarios());
    if (near && !why.hint.starts_with("did you")) why.hint = fmt::format("did you mean \"{}\"?", *near);
    return why;
}

result<experiment::bench_options> bench_of(const options& o) {
    experiment::bench_options b;
    BOOST_OUTCOME_TRY(auto names, scenario_words(o));
    for (const auto& name : names) {
        BOOST_OUTCOME_TRY(auto s, scenario_named(name));
        b.scenarios.push_back(std::move(s));
    }
    b.policies = chosen_policy_ids(o.policies);
    b.samples = static_cast<int>(o.samples_wanted());
    b.seed = static_cast<std::uint64_t>(o.seed);
    b.keep_going = o.keep_going;
    for (const auto& p : o.expect_violation) {
        if (std::find(b.policies.begin(), b.policies.end(), p) == b.policies.end())
            return client::usage_error("--expect-violation " + p + ": that policy is not in this run",
                                       "it runs " + words::join(b.policies));
        b.expected_violations.insert(p);
    }
    return b;
}

result<std::pair<std::string, std::chrono::microseconds>> widened(const std::string& word) {
    const auto equals = word.find('=');
    const auto width = equals == std::string::npos ? std::nullopt : words::parse_duration(word.substr(equals + 1));
    if (!width || equals == 0)
        return client::usage_error("--widen " + word + ": POINT=T is expected, as isw_prepared=5ms");
    return std::pair{word.substr(0, equals), std::chrono::duration_cast<std::chrono::microseconds>(*width)};
}

result<real::options> machine_of(const options& o) {
    real::options r;
    BOOST_OUTCOME_TRY(r.daemon.profile, words::data_file("profiles", o.profile));
    r.daemon.page_cache = o.page_cache;
    r.daemon.socket = o.socket;
    r.identity = o.identity;
    r.cgroup_root = o.cgroup_root;
    r.umount_wait = o.umount_wait;
    r.way = o.umount == "syscall" ? real::umount_way::syscall : real::umount_way::umount8;
    r.seed = static_cast<std::uint64_t>(o.seed);
    r.dd = o.workload == "dd";
    r.timeout = o.timeout;
    r.events = o.events;
    for (const auto& word : o.widen) {
        BOOST_OUTCOME_TRY(auto w, widened(word));
        r.widen.push_back(w);
    }
    if (!o.cgroup_root.empty() && o.identity == "session")
        return client::usage_error("--cgroup-root and --identity session exclude each other");
    return r;
}

std::string utc_now() { return fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr))); }

report::run_info run_of(const options& o) {
    report::run_info r;
    r.seed = static_cast<std::uint64_t>(o.seed);
    r.profile = o.profile;
    r.workload = o.workload;
    r.umount = o.umount;
    r.samples = static_cast<int>(o.samples_wanted());
    r.started = utc_now();
    return r;
}

report::result result_of(const options& o, experiment::bench_outcome& outcome, const real::executor& machine,
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

/// What only the drain scenarios know.
result<void> refuse_drain_options(const options& o, const char* with) {
    if (o.policies.size() > 1 || std::find(o.policies.begin(), o.policies.end(), "all") != o.policies.end())
        return client::usage_error(fmt::format("bench: {} takes one --policy, that of drainfs", with));
    for (const auto& [set, name] : {std::pair{!o.widen.empty(), "--widen"},
                                    {!o.expect_violation.empty(), "--expect-violation"},
                                    {o.check, "--check"},
                                    {o.baseline.file || o.baseline.save, "--baseline"},
                                    {o.timeout.has_value(), "--timeout"}})
        if (set) return client::usage_error(fmt::format("bench: {} does not go with {}", name, with));
    return client::success();
}

/// Unmounting as users do it.
result<exit_code> bench_strategies(const options& o) {
    for (const auto& [set, name] : {std::pair{!o.scenarios.empty(), "--scenario"},
                                    {!o.mounts.empty() && o.mounts != word_list{"drainfs"}, "--mounts"}})
        if (set)
            return client::usage_error(fmt::format("bench: --strategy is a scenario of its own, without {}", name));
    BOOST_OUTCOME_TRYV(refuse_drain_options(o, "--strategy"));
    auto s = o.strategy;
    if (!o.policies.empty()) s.policy = o.policies.front();
    s.profile = o.profile;
    s.samples = o.samples_wanted();
    s.seed = o.seed;
    s.json = o.json;
    s.format = o.format;
    s.no_save = o.no_save;
    s.socket = o.socket;
    return bench_strategy(s);
}

/// Unmounts without any load, on one or more kinds of mount.
result<exit_code> bench_lazily(const options& o) {
    if (!std::all_of(o.scenarios.begin(), o.scenarios.end(), is_bench_lazy))
        return client::usage_error("bench: umount_free, lazy_free and lazy_held cannot be mixed with other scenarios");
    BOOST_OUTCOME_TRYV(refuse_drain_options(o, "the lazy scenarios"));
    bench_lazy_options l;
    l.what.scenarios = o.scenarios;
    l.what.mounts = o.mounts.empty() ? word_list{"drainfs"} : o.mounts;
    if (!o.policies.empty()) l.what.policy = o.policies.front();
    l.what.profile = l.profile = o.profile;
    l.what.socket = o.socket;
    l.what.samples = static_cast<int>(o.samples_wanted());
    l.what.seed = static_cast<std::uint64_t>(o.seed);
    l.what.way = o.umount == "syscall" ? lazy::umount_way::syscall : lazy::umount_way::umount8;
    l.format = o.format;
    l.json = o.json;
    l.no_save = o.no_save;
    return bench_lazy(l);
}

/// The same cells once more, on the same daemon.
std::optional<report::result> suspects_again(const options& o, experiment::bench_options b,
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
    experiment::bench_outcome outcome;
    {
        progress_line line;
        outcome = experiment::run_bench(b, machine, [&](const experiment::progress& at) { line.show(at); });
    }
    if (outcome.exit != exit_code::fine) return std::nullopt;
    return result_of(o, outcome, machine, run_of(o));
}

result<exit_code> bench(const options& o) {
    if (!o.namespace_policies.empty())
        return client::usage_error(
            "bench: --namespace-policy needs a modelled kernel; on real mounts the machine's own decides how umount "
            "waits",
            "drainctl sim --scenario lazy_free,lazy_held --namespace-policy " + words::join(o.namespace_policies, ","));
    if (!o.strategy.strategies.empty()) return bench_strategies(o);
    if (std::any_of(o.scenarios.begin(), o.scenarios.end(), is_bench_lazy)) return bench_lazily(o);
    if (!o.mounts.empty())
        return client::usage_error("bench: --mounts goes with the scenarios umount_free, lazy_free, lazy_held");
    BOOST_OUTCOME_TRY(auto b, bench_of(o));
    BOOST_OUTCOME_TRY(auto wanted, machine_of(o));
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    BOOST_OUTCOME_TRY(const auto before, load_baseline(o.baseline));
    auto info = run_of(o);
    const double load_before = machine::load_average();
    const auto begun = std::chrono::steady_clock::now();
    BOOST_OUTCOME_TRY(auto machine, real::executor::start(wanted));
    for (const auto& w : machine->warnings()) remark(w);
    experiment::bench_outcome outcome;
    {
        progress_line line;
        outcome = experiment::run_bench(b, *machine, [&](const experiment::progress& at) { line.show(at); });
    }
    info.elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    note_run(info, load_before);
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

void declare_what(command& c, options& o) {
    c.list("--policy", o.policies, "drain policies, or all (default base,race,rmbarrier,persb)")
        .one_of(policies_and_all);
    c.list("--scenario", o.scenarios, "scenarios by name or file, or all (default no_pressure,idle_cross_pressure)");
    c.list("--namespace-policy", o.namespace_policies, "only sim can: says so and how");
    c.list("--mounts", o.mounts, "with umount_free, lazy_free, lazy_held: what is unmounted (default drainfs)")
        .one_of(lazy::bench_mounts());
    c.option("--samples", o.samples, "unmounts per scenario and policy (default 40)", 1, 1'000'000);
    c.flag("--quick", o.quick, "15 samples");
    c.option("--profile", o.profile, "what the modelled machine is like, by name or file");
    c.option("--seed", o.seed, "of the order and of the intervals");
    c.option("--workload", o.workload, "the burners: ours, or sh and dd as published").one_of({"builtin", "dd"});
    c.option("--page-cache", o.page_cache, "whether clean pages are dropped, and so charged anew")
        .one_of({"drop", "keep"});
}

void declare_how(command& c, options& o) {
    c.option("--umount", o.umount, "what is timed: the program umount(8), or the system call")
        .one_of({"umount8", "syscall"});
    c.option("--umount-wait", o.umount_wait,
             "who waits for the drain: the unmount itself (gate) or only drainctl (api)")
        .one_of({"auto", "gate", "api"});
    c.option("--identity", o.identity, "what a writer is: its cgroup or its session")
        .one_of({"auto", "cgroup", "session"});
    c.option("--cgroup-root", o.cgroup_root, "the cgroup v2 directory to make cgroups in");
    c.private_socket(o.socket);
    c.list("--widen", o.widen, "POINT=T: makes a named preemption point that wide");
    c.list("--expect-violation", o.expect_violation, "exit 0 if this policy violates an invariant, 1 if it does not");
    c.flag("--events", o.events, "record what the daemon traces, for report --as chrome-trace or ftrace");
    c.flag("--keep-going", o.keep_going, "do not end at the first violation");
    c.option("--timeout", o.timeout, "ends the run after this; what was measured is kept, exit 124");
    c.flag("--check", o.check,
           "print what the scenarios expect and whether it held; exit 1 if something did not, 4 if nothing could be "
           "checked");
    declare_baseline(c, o.baseline);
    c.flag("--no-save", o.no_save, "do not keep the result (the last 50 are, in $XDG_STATE_HOME/drainlab)");
    c.option("--format", o.format, "of standard output").one_of(result_formats());
    c.json_file(o.json);
}

}  // namespace

void declare_bench(command& c) {
    auto o = std::make_shared<options>();
    c.about("measure what draining costs an unmount, policy by policy: the main job",
            "drainctl bench --scenario idle_cross_pressure --samples 40 --check");
    declare_what(c, *o);
    declare_how(c, *o);
    declare_bench_strategy(c, o->strategy);
    c.note("Starts a daemon of its own, which ends with it. Quantiles are the samples at index floor(p * (n - 1)).");
    c.run([o] { return bench(*o); });
}

}  // namespace drainlab::cli
