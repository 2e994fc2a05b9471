#include "controller/cli/bench_strategy.hpp"

#include "controller/cli/kept.hpp"
#include "controller/cli/noted.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/real/machine_info.hpp"
#include "controller/result/write.hpp"
#include "controller/strategy/run.hpp"
#include "fusefs/version.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace drainlab::cli {

namespace {

std::vector<std::string> strategies_and_all() {
    auto names = strategy::kind_names();
    names.emplace_back("all");
    return names;
}

std::vector<strategy::kind> chosen(const std::vector<std::string>& words) {
    std::vector<strategy::kind> kinds;
    for (const auto& name : strategy::kind_names()) {
        const auto asked = [&](const std::string& w) { return w == name || w == "all"; };
        if (std::any_of(words.begin(), words.end(), asked)) kinds.push_back(*strategy::kind_named(name));
    }
    return kinds;
}

result<strategy::options> run_options(const bench_strategy_options& o) {
    if (o.retry_max < o.retry_initial)
        return client::usage_error("bench: --retry-max " + words::show_duration(o.retry_max) +
                                   " is less than --retry-initial " + words::show_duration(o.retry_initial));
    if (o.umount_delay > std::chrono::seconds(10))
        return client::usage_error("bench: --umount-delay " + words::show_duration(o.umount_delay) +
                                   ": at most 10s is expected");
    strategy::options s;
    s.strategies = chosen(o.strategies);
    s.how.pauses = {o.retry_initial, o.retry_factor, o.retry_max, static_cast<int>(o.retry_tries)};
    s.how.then = o.retry_then == "fail" ? strategy::last_resort::fail : strategy::last_resort::lazy;
    s.workers = static_cast<int>(o.pool_workers);
    s.samples = static_cast<int>(o.samples);
    s.held_share = o.held_share;
    s.held_for = o.held_for;
    s.umount_delay = std::chrono::ceil<std::chrono::milliseconds>(o.umount_delay);
    s.policy = o.policy;
    s.profile = o.profile;
    s.socket = o.socket;
    s.seed = static_cast<std::uint64_t>(o.seed);
    return s;
}

double ms(duration d) { return static_cast<double>(d.count()) / 1e6; }

report::strategy_figures of(const strategy::figures& f, const bench_strategy_options& o) {
    report::strategy_figures s;
    s.name = strategy::name_of(f.strategy);
    s.unmounts = static_cast<std::uint64_t>(f.unmounts);
    s.held = static_cast<std::uint64_t>(f.held);
    s.unmounted = static_cast<std::uint64_t>(f.unmounted);
    s.left_mounted = static_cast<std::uint64_t>(f.left_mounted);
    s.fell_back = static_cast<std::uint64_t>(f.fell_back);
    if (f.unmounts > 0) s.success_rate = static_cast<double>(f.unmounted) / f.unmounts;
    s.tries_mean = f.tries_mean;
    s.return_ms = f.return_ms;
    s.dead_ms = f.dead_ms;
    s.backlog_max = f.behind.max;
    s.backlog_mean = f.behind.mean;
    if (f.strategy == strategy::kind::retry || f.strategy == strategy::kind::async_pool)
        s.retry = report::retry_recipe{ms(o.retry_initial), o.retry_factor, ms(o.retry_max),
                                       static_cast<std::uint64_t>(o.retry_tries), o.retry_then};
    if (f.strategy == strategy::kind::async_pool) s.workers = static_cast<std::uint64_t>(o.pool_workers);
    s.held_share = o.held_share;
    s.held_for_ms = ms(o.held_for);
    s.umount_delay_ms = ms(o.umount_delay);
    s.outcomes = f.outcomes;
    s.batches = f.batches;
    return s;
}

report::result result_of(const bench_strategy_options& o) {
    report::result r;
    r.tool = {"drainlab", version(), git_revision()};
    r.environment = real::machine_info();
    r.run.seed = static_cast<std::uint64_t>(o.seed);
    r.run.profile = o.profile;
    r.run.workload = "none";
    r.run.umount = "syscall";
    r.run.samples = static_cast<int>(o.samples);
    return r;
}

}  // namespace

void declare_bench_strategy(command& c, bench_strategy_options& o) {
    c.list("--strategy", o.strategies,
           "how users unmount, a scenario of its own: batches of 8 on drainfs, some still held; or all")
        .one_of(strategies_and_all());
    c.option("--retry-initial", o.retry_initial,
             "with --strategy: the first pause of retry after EBUSY (default 10ms)");
    c.option("--retry-factor", o.retry_factor, "with --strategy: each pause is that much longer (default 2)", 1, 100);
    c.option("--retry-max", o.retry_max, "with --strategy: the longest pause (default 500ms)");
    c.option("--retry-tries", o.retry_tries, "with --strategy: tries in all (default 8)", 1, 1000);
    c.option("--retry-then", o.retry_then, "with --strategy: after the last try, detach lazily or give up")
        .one_of({"lazy", "fail"});
    c.option("--pool-workers", o.pool_workers, "with --strategy: threads of async-pool (default 4)", 1, 256);
    c.option("--held-share", o.held_share,
             "with --strategy: share of mounts that are held when asked to go (default 0.3)", 0, 1);
    c.option("--held-for", o.held_for, "with --strategy: how long they are held, on average (default 50ms)");
    c.option("--umount-delay", o.umount_delay, "with --strategy: every shutdown takes that much longer");
}

result<exit_code> bench_strategy(const bench_strategy_options& o) {
    if (geteuid() != 0)
        return failure{"denied", "bench: --strategy needs root", "or a user namespace: unshare -Urm drainctl bench ...",
                       exit_code::cannot_run, 0};
    BOOST_OUTCOME_TRY(auto wanted, run_options(o));
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    heed_signals();
    auto r = result_of(o);
    const noted how;
    progress_line line;
    const auto tell = [&](const std::string& name, int done, int total) { line.show({"strategy", name, done, total}); };
    BOOST_OUTCOME_TRY(auto rows, strategy::run_strategies(wanted, tell, asked_to_stop));
    line.wipe();
    how.into(r.run);
    r.complete = !asked_to_stop();
    for (const auto& row : rows) {
        r.cells.push_back(row.cell);
        r.cells.back().strategy = of(row.what, o);
    }
    print_result(o.json, o.format, r);
    BOOST_OUTCOME_TRYV(write_result(o.json, r));
    if (!o.no_save) keep_and_say("bench", report::to_json(r), o.json == "-" || o.format != "text");
    std::fflush(stdout);
    bool violated = false;
    for (const auto& cell : r.cells)
        for (const auto& v : cell.violations) {
            remark("violated: " + v.message);
            violated = true;
        }
    if (violated) return exit_code::violated;
    return r.complete ? exit_code::fine : exit_code::interrupted;
}

}  // namespace drainlab::cli
