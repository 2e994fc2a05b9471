// drainctl bench
#include "controller/cli/bench_lazy.hpp"
#include "controller/cli/bench_strategy.hpp"
#include "controller/cli/command.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/client/data_dir.hpp"
#include "controller/report/collect.hpp"
#include "controller/run/progress_line.hpp"
#include "controller/run/real_executor.hpp"
#include "fusefs/version.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace drainlab::cli {
namespace {

using words = std::vector<std::string>;

struct options {
    words policies, namespace_policies, scenarios, mounts, widen, expect_violation;
    std::optional<std::int64_t> samples;
    std::int64_t seed = 1;
    bool quick = false, keep_going = false, check = false;
    std::string profile = "qemu-16vcpu", workload = "builtin", umount = "umount8", umount_wait = "auto";
    std::string identity = "auto", cgroup_root, page_cache = "drop", format = "text";
    std::optional<duration> timeout;
    std::optional<std::string> json;
    bench_strategy_options strategy;

    std::int64_t samples_wanted() const { return samples.value_or(quick ? 15 : 40); }
};

/// The lazy scenarios belong to `drainctl lazy`, and a neighbour's sync is for `drainctl sim` alone; `all` means the others.
result<words> scenario_words(const options& o) {
    if (o.scenarios.empty()) return words{"no_pressure", "idle_cross_pressure"};
    if (std::find(o.scenarios.begin(), o.scenarios.end(), "all") == o.scenarios.end()) return o.scenarios;
    BOOST_OUTCOME_TRY(auto names, client::data_names("scenarios"));
    std::erase_if(names, [](const std::string& n) { return n.starts_with("lazy") || n == "sync_neighbour"; });
    return names;
}

/// A scenario with a file; who mistypes one without is told of it.
result<run::scenario> scenario_named(const std::string& name) {
    auto loaded = run::load_scenario(name);
    if (loaded) return loaded;
    auto why = loaded.error();
    const auto near = client::nearest(name, lazy_scenarios());
    if (near && !why.hint.starts_with("did you")) why.hint = fmt::format("did you mean \"{}\"?", *near);
    return why;
}

result<run::bench_options> bench_of(const options& o) {
    run::bench_options b;
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
                                       "it runs " + client::join(b.policies));
        b.expected_violations.insert(p);
    }
    return b;
}

result<std::pair<std::string, std::chrono::microseconds>> widened(const std::string& word) {
    const auto equals = word.find('=');
    const auto width = equals == std::string::npos ? std::nullopt : client::parse_duration(word.substr(equals + 1));
    if (!width || equals == 0)
        return client::usage_error("--widen " + word + ": POINT=T is expected, as isw_prepared=5ms");
    return std::pair{word.substr(0, equals), std::chrono::duration_cast<std::chrono::microseconds>(*width)};
}

result<run::real_options> machine_of(const options& o) {
    run::real_options r;
    BOOST_OUTCOME_TRY(r.daemon.profile, client::data_file("profiles", o.profile));
    r.daemon.page_cache = o.page_cache;
    r.identity = o.identity;
    r.cgroup_root = o.cgroup_root;
    r.umount_wait = o.umount_wait;
    r.way = o.umount == "syscall" ? run::umount_way::syscall : run::umount_way::umount8;
    r.seed = static_cast<std::uint64_t>(o.seed);
    r.dd = o.workload == "dd";
    r.timeout = o.timeout;
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

report::result result_of(const options& o, run::bench_outcome& outcome, const run::real_executor& machine,
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
                                    {o.timeout.has_value(), "--timeout"}})
        if (set) return client::usage_error(fmt::format("bench: {} does not go with {}", name, with));
    return client::success();
}

/// Unmounting as users do it.
result<exit_code> bench_strategies(const options& o) {
    for (const auto& [set, name] : {std::pair{!o.scenarios.empty(), "--scenario"},
                                    {!o.mounts.empty() && o.mounts != words{"drainfs"}, "--mounts"},
                                    {o.format != "text", "--format"}})
        if (set)
            return client::usage_error(fmt::format("bench: --strategy is a scenario of its own, without {}", name));
    BOOST_OUTCOME_TRYV(refuse_drain_options(o, "--strategy"));
    auto s = o.strategy;
    if (!o.policies.empty()) s.policy = o.policies.front();
    s.profile = o.profile;
    s.samples = o.samples_wanted();
    s.seed = o.seed;
    s.json = o.json;
    return bench_strategy(s);
}

/// Unmounts without any load, on one or more kinds of mount.
result<exit_code> bench_lazily(const options& o) {
    if (!std::all_of(o.scenarios.begin(), o.scenarios.end(), is_bench_lazy))
        return client::usage_error("bench: umount_free, lazy_free and lazy_held cannot be mixed with other scenarios");
    BOOST_OUTCOME_TRYV(refuse_drain_options(o, "the lazy scenarios"));
    bench_lazy_options l;
    l.what.scenarios = o.scenarios;
    l.what.mounts = o.mounts.empty() ? words{"drainfs"} : o.mounts;
    if (!o.policies.empty()) l.what.policy = o.policies.front();
    l.what.profile = l.profile = o.profile;
    l.what.samples = static_cast<int>(o.samples_wanted());
    l.what.seed = static_cast<std::uint64_t>(o.seed);
    l.what.way = o.umount == "syscall" ? lazy::umount_way::syscall : lazy::umount_way::umount8;
    l.format = o.format;
    l.json = o.json;
    return bench_lazy(l);
}

result<exit_code> bench(const options& o) {
    if (!o.namespace_policies.empty())
        return client::usage_error(
            "bench: --namespace-policy needs a modelled kernel; on real mounts the machine's own decides how umount "
            "waits",
            "drainctl sim --scenario lazy_free,lazy_held --namespace-policy " +
                client::join(o.namespace_policies, ","));
    if (!o.strategy.strategies.empty()) return bench_strategies(o);
    if (std::any_of(o.scenarios.begin(), o.scenarios.end(), is_bench_lazy)) return bench_lazily(o);
    if (!o.mounts.empty())
        return client::usage_error("bench: --mounts goes with the scenarios umount_free, lazy_free, lazy_held");
    BOOST_OUTCOME_TRY(auto b, bench_of(o));
    BOOST_OUTCOME_TRY(auto wanted, machine_of(o));
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    auto info = run_of(o);
    const auto begun = std::chrono::steady_clock::now();
    BOOST_OUTCOME_TRY(auto machine, run::real_executor::start(wanted));
    for (const auto& w : machine->warnings()) remark(w);
    run::bench_outcome outcome;
    {
        run::progress_line line;
        outcome = run::run_bench(b, *machine, [&](const run::progress& at) { line.show(at); });
    }
    info.elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    const auto r = result_of(o, outcome, *machine, std::move(info));
    machine.reset();  // everything is removed before anything is said
    print_result(o.json, o.format, r, b.scenarios);
    BOOST_OUTCOME_TRYV(write_result(o.json, r));
    const bool held = !o.check || check_expectations(o.json, o.format, r, b.scenarios);
    std::fflush(stdout);
    if (outcome.why) {
        remark(outcome.why->message);
        if (!outcome.why->hint.empty()) remark(outcome.why->hint);
    }
    if (outcome.exit == exit_code::fine && !held) return exit_code::violated;
    return outcome.exit;
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
    c.list("--widen", o.widen, "POINT=T: makes a named preemption point that wide");
    c.list("--expect-violation", o.expect_violation, "exit 0 if this policy violates an invariant, 1 if it does not");
    c.flag("--keep-going", o.keep_going, "do not end at the first violation");
    c.option("--timeout", o.timeout, "ends the run after this; what was measured is kept, exit 124");
    c.flag("--check", o.check, "print what the scenarios expect and whether it held; exit 1 if something did not");
    c.option("--format", o.format, "of standard output").one_of({"text", "markdown", "csv"});
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
