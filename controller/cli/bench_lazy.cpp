#include "controller/cli/bench_lazy.hpp"

#include "controller/cli/known.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/run/machine_info.hpp"
#include "controller/run/progress_line.hpp"
#include "fusefs/version.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <unistd.h>

namespace drainlab::cli {

namespace {

volatile std::sig_atomic_t asked_to_stop = 0;
void on_signal(int) { asked_to_stop = 1; }

}  // namespace

bool is_bench_lazy(const std::string& scenario) {
    const auto& all = lazy_scenarios();
    return std::find(all.begin(), all.end(), scenario) != all.end();
}

result<exit_code> bench_lazy(const bench_lazy_options& o) {
    if (geteuid() != 0)
        return failure{"denied", "bench: these scenarios need root",
                       "or a user namespace: unshare -Urm drainctl bench ...", exit_code::cannot_run, 0};
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    struct sigaction act {};
    act.sa_handler = on_signal;
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaction(s, &act, nullptr);
    report::result r;
    r.tool = {"drainlab", version(), git_revision()};
    r.environment = run::machine_info();
    r.run.seed = o.what.seed;
    r.run.profile = o.profile;
    r.run.workload = "none";
    r.run.umount = o.what.way == lazy::umount_way::syscall ? "syscall" : "umount8";
    r.run.samples = o.what.samples;
    r.run.started = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
    const auto begun = std::chrono::steady_clock::now();
    run::progress_line line;
    BOOST_OUTCOME_TRY(r.cells, lazy::run_bench(
                                   o.what,
                                   [&](const std::string& scenario, const std::string& mounts, int done, int total) {
                                       line.show({scenario, mounts, done, total});
                                   },
                                   [] { return asked_to_stop != 0; }));
    line.wipe();
    r.complete = asked_to_stop == 0;
    r.run.elapsed_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    if (o.format != "text")
        print_result(o.json, o.format, r, {});
    else if (o.json != "-")
        fmt::print("{}", lazy::to_text(r.cells));
    BOOST_OUTCOME_TRYV(write_result(o.json, r));
    std::fflush(stdout);
    return r.complete ? exit_code::fine : exit_code::interrupted;
}

}  // namespace drainlab::cli
