#include "controller/cli/bench_lazy.hpp"

#include "controller/cli/kept.hpp"
#include "controller/cli/known.hpp"
#include "controller/cli/noted.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/real/machine_info.hpp"
#include "controller/result/write.hpp"
#include "fusefs/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace drainlab::cli {

namespace {}  // namespace

bool is_bench_lazy(const std::string& scenario) {
    const auto& all = lazy_scenarios();
    return std::find(all.begin(), all.end(), scenario) != all.end();
}

result<exit_code> bench_lazy(const bench_lazy_options& o) {
    if (geteuid() != 0)
        return failure{"denied", "bench: these scenarios need root",
                       "or a user namespace: unshare -Urm drainctl bench ...", exit_code::cannot_run, 0};
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    heed_signals();
    report::result r;
    r.tool = {"drainlab", version(), git_revision()};
    r.environment = real::machine_info();
    r.run.seed = o.what.seed;
    r.run.profile = o.profile;
    r.run.workload = "none";
    r.run.umount = o.what.way == lazy::umount_way::syscall ? "syscall" : "umount8";
    r.run.samples = o.what.samples;
    const noted how;
    progress_line line;
    BOOST_OUTCOME_TRY(r.cells, lazy::run_bench(
                                   o.what,
                                   [&](const std::string& scenario, const std::string& mounts, int done, int total) {
                                       line.show({scenario, mounts, done, total});
                                   },
                                   asked_to_stop));
    line.wipe();
    how.into(r.run);
    r.complete = !asked_to_stop();
    if (o.format != "text")
        print_result(o.json, o.format, r);
    else if (o.json != "-")
        fmt::print("{}", lazy::to_text(r.cells));
    BOOST_OUTCOME_TRYV(write_result(o.json, r));
    if (!o.no_save) keep_and_say("bench", report::to_json(r), o.json == "-" || o.format != "text");
    std::fflush(stdout);
    return r.complete ? exit_code::fine : exit_code::interrupted;
}

}  // namespace drainlab::cli
