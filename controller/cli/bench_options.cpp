#include "controller/cli/bench_options.hpp"

#include "controller/cli/known.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/lazy/bench.hpp"

namespace drainlab::cli {

namespace {

void declare_what(command& c, bench_options& o) {
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

void declare_how(command& c, bench_options& o) {
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

void declare_bench_options(command& c, bench_options& o) {
    declare_what(c, o);
    declare_how(c, o);
    declare_bench_strategy(c, o.strategy);
}

}  // namespace drainlab::cli
