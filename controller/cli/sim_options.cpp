#include "controller/cli/sim_options.hpp"

#include "controller/cli/known.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/sim_lazy.hpp"
#include "controller/sim/lazy.hpp"

#include <algorithm>

namespace drainlab::cli {

bool sim_options::lazy() const { return std::any_of(scenarios.begin(), scenarios.end(), sim::is_lazy_scenario); }

std::string sim_options::profile_name() const {
    if (lazy()) return profile.value_or("rt-8cpu");
    return profile.value_or(compare == "lab" ? "lab-4vcpu" : "qemu-16vcpu");
}

void sim_options::follow(const sim::compared_machine& theirs, const std::vector<std::string>& known_scenarios) {
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

namespace {

void declare_what(command& c, sim_options& o) {
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

void declare_machine(command& c, sim_options& o) {
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

void declare_how(command& c, sim_options& o) {
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

void declare_sim_options(command& c, sim_options& o) {
    declare_what(c, o);
    declare_machine(c, o);
    declare_how(c, o);
}

}  // namespace drainlab::cli
