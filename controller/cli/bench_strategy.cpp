#include "controller/cli/bench_strategy.hpp"

#include "controller/cli/output.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/report/json.hpp"
#include "controller/run/machine_info.hpp"
#include "controller/run/progress_line.hpp"
#include "controller/strategy/run.hpp"
#include "fusefs/version.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <unistd.h>

namespace drainlab::cli {

using json = nlohmann::ordered_json;

namespace {

volatile std::sig_atomic_t asked_to_stop = 0;
void on_signal(int) { asked_to_stop = 1; }

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
        return client::usage_error("bench: --retry-max " + client::show_duration(o.retry_max) +
                                   " is less than --retry-initial " + client::show_duration(o.retry_initial));
    if (o.umount_delay > std::chrono::seconds(10))
        return client::usage_error("bench: --umount-delay " + client::show_duration(o.umount_delay) +
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
    s.seed = static_cast<std::uint64_t>(o.seed);
    return s;
}

std::string cells_of(const std::optional<strategy::spread>& s) {
    if (!s) return fmt::format("{:>9}{:>9}{:>9}{:>9}", "-", "-", "-", "-");
    return fmt::format("{:>9.3f}{:>9.3f}{:>9.3f}{:>9.3f}", s->p50, s->p95, s->p99, s->max);
}

std::string to_text(const std::vector<strategy::row>& rows) {
    std::string text = fmt::format("{:<12}{:>9}{:>8}{:>7}{:>6}   {:<36}   {:<36}   {}\n", "", "unmounts", "gone",
                                   "fell", "tries", "time to return, ms", "time to really dead, ms", "backlog");
    text += fmt::format("{:<12}{:>9}{:>8}{:>7}{:>6}", "", "(held)", "", "back", "mean");
    for (int i = 0; i < 2; ++i) text += fmt::format("   {:>9}{:>9}{:>9}{:>9}", "p50", "p95", "p99", "max");
    text += fmt::format("   {:>4}{:>7}\n", "max", "mean");
    for (const auto& r : rows) {
        const auto& f = r.what;
        if (f.unmounts == 0) continue;
        text +=
            fmt::format("{:<12}{:>9}{:>7.0f}%{:>7}{:>6.1f}   {}   {}   {:>4}{:>7.2f}\n", strategy::name_of(f.strategy),
                        fmt::format("{} ({})", f.unmounts, f.held), 100.0 * f.unmounted / f.unmounts, f.fell_back,
                        f.tries_mean, cells_of(f.return_ms), cells_of(f.dead_ms), f.behind.max, f.behind.mean);
    }
    return text;
}

json of(const std::optional<strategy::spread>& s) {
    if (!s) return nullptr;
    return {{"p50", s->p50}, {"p95", s->p95}, {"p99", s->p99}, {"max", s->max}};
}

json of(const strategy::figures& f, const bench_strategy_options& o) {
    const auto ms = [](duration d) { return static_cast<double>(d.count()) / 1e6; };
    const bool retries = f.strategy == strategy::kind::retry || f.strategy == strategy::kind::async_pool;
    return {{"name", strategy::name_of(f.strategy)},
            {"unmounts", f.unmounts},
            {"held", f.held},
            {"unmounted", f.unmounted},
            {"success_rate", f.unmounts > 0 ? json(static_cast<double>(f.unmounted) / f.unmounts) : json()},
            {"left_mounted", f.left_mounted},
            {"fell_back", f.fell_back},
            {"tries_mean", f.tries_mean},
            {"return_ms", of(f.return_ms)},
            {"dead_ms", of(f.dead_ms)},
            {"backlog", {{"max", f.behind.max}, {"mean", f.behind.mean}}},
            {"retry", retries ? json{{"initial_ms", ms(o.retry_initial)},
                                     {"factor", o.retry_factor},
                                     {"max_ms", ms(o.retry_max)},
                                     {"tries", o.retry_tries},
                                     {"then", o.retry_then}}
                              : json()},
            {"workers", f.strategy == strategy::kind::async_pool ? json(o.pool_workers) : json()},
            {"held_share", o.held_share},
            {"held_for_ms", ms(o.held_for)},
            {"umount_delay_ms", ms(o.umount_delay)}};
}

/// drainlab.result/1 with one more key in every cell.
std::string document_of(const report::result& r, const std::vector<strategy::row>& rows,
                        const bench_strategy_options& o) {
    auto document = json::parse(report::to_json(r));
    for (std::size_t i = 0; i < rows.size(); ++i) document["cells"][i]["strategy"] = of(rows[i].what, o);
    return document.dump(2) + "\n";
}

result<void> write_json(const bench_strategy_options& o, const std::string& text) {
    if (o.json == "-") {
        fmt::print("{}", text);
        return client::success();
    }
    std::ofstream file(*o.json, std::ios::trunc);
    file << text;
    if (!file.flush()) return client::system_failure("--json " + *o.json, errno);
    return client::success();
}

report::result result_of(const bench_strategy_options& o) {
    report::result r;
    r.tool = {"drainlab", version(), git_revision()};
    r.environment = run::machine_info();
    r.run.seed = static_cast<std::uint64_t>(o.seed);
    r.run.profile = o.profile;
    r.run.workload = "none";
    r.run.umount = "syscall";
    r.run.samples = static_cast<int>(o.samples);
    r.run.started = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
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
    struct sigaction act {};
    act.sa_handler = on_signal;
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaction(s, &act, nullptr);
    auto r = result_of(o);
    const auto begun = std::chrono::steady_clock::now();
    run::progress_line line;
    const auto tell = [&](const std::string& name, int done, int total) { line.show({"strategy", name, done, total}); };
    BOOST_OUTCOME_TRY(auto rows, strategy::run_strategies(wanted, tell, [] { return asked_to_stop != 0; }));
    line.wipe();
    r.complete = asked_to_stop == 0;
    r.run.elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    for (const auto& row : rows) r.cells.push_back(row.cell);
    if (o.json != "-") fmt::print("{}", to_text(rows));
    if (o.json) { BOOST_OUTCOME_TRYV(write_json(o, document_of(r, rows, o))); }
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
