#include "controller/cli/sim_lazy.hpp"

#include "controller/cli/noted.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/result_output.hpp"
#include "fusefs/version.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace drainlab::cli {

namespace {

report::result result_of(const sim_lazy_options& o, const noted& how) {
    report::result r;
    r.tool = {"drainlab", version(), git_revision()};
    r.environment.kernel = "modelled";
    r.environment.cpus = o.what.machine.profile.cpus;
    r.run.mode = "sim";
    r.run.seed = o.what.seed;
    r.run.profile = o.profile;
    r.run.workload = "modelled";
    r.run.samples = o.what.samples;
    if (!o.reproducible) how.into(r.run);
    return r;
}

/// The umount, and how long after the call the superblock was dead.
std::string table(const report::result& r) {
    std::string text =
        fmt::format("tmpfs on a modelled machine, profile {}, {} samples a cell\n\n", r.run.profile, r.run.samples);
    text +=
        fmt::format("  {:<14}{:<24}{:>9}{:>9}{:>9}{:>12}\n", "ms", "namespace policy", "p50", "p95", "max", "dead p50");
    for (const auto& c : r.cells) {
        if (!c.umount_ms) continue;
        const auto& u = *c.umount_ms;
        text += fmt::format("  {:<14}{:<24}{:>9.2f}{:>9}{:>9.2f}{:>12}\n", c.scenario, c.policy, u.p50,
                            u.p95 ? fmt::format("{:.2f}", *u.p95) : "-", u.max,
                            c.phases_ms.dead ? fmt::format("{:.2f}", c.phases_ms.dead->p50) : "-");
    }
    for (const auto& c : r.cells) {
        for (const auto& seen : c.observations)
            text += fmt::format("  observed: {} {}: {}\n", c.scenario, c.policy, seen);
        for (const auto& v : c.violations)
            text += fmt::format("  VIOLATED: {} {}: {}: {}\n", c.scenario, c.policy, v.invariant, v.message);
    }
    return text;
}

bool any_violation(const report::result& r) {
    for (const auto& c : r.cells)
        if (!c.violations.empty()) return true;
    return false;
}

}  // namespace

std::vector<std::string> namespace_policy_words() {
    std::vector<std::string> words;
    for (const auto* list : {&kernel::namespace_policies(), &kernel::namespace_mutants()})
        for (const auto* p : *list) words.emplace_back(p->id());
    words.emplace_back("all");
    return words;
}

exit_code exit_of(const sim::compared& c) {
    if (c.missed > 0) return exit_code::violated;
    if (c.figures > 0) return exit_code::fine;
    remark("nothing could be compared: the two have no figure in common");
    return exit_code::cannot_run;
}

result<exit_code> simulate_lazy(const sim_lazy_options& o, const std::function<bool()>& stop) {
    BOOST_OUTCOME_TRYV(check_json_file(o.json));
    if (o.compare && *o.compare != "published")
        return client::usage_error("sim: --compare " + *o.compare + ": the lazy scenarios have only published figures");
    const noted how;
    progress_line line;
    const int total = o.what.samples * static_cast<int>(o.what.scenarios.size() * o.what.policies.size());
    int done = 0;
    BOOST_OUTCOME_TRY(auto cells, sim::run_lazy(
                                      o.what,
                                      [&](const std::string& scenario, const std::string& policy, int, int) {
                                          line.show({scenario, policy, done++, total});
                                      },
                                      stop));
    line.wipe();
    auto r = result_of(o, how);
    r.cells = std::move(cells);
    r.complete = !stop();
    if (o.json != "-" && o.format == "text") fmt::print("{}", table(r));
    if (o.format != "text") print_result(o.json, o.format, r);
    BOOST_OUTCOME_TRYV(write_result(o.json, r));
    auto checked = exit_code::fine;
    if (o.compare) {
        const auto c = sim::compare_lazy(r.cells);
        fmt::print(o.json == "-" || o.format != "text" ? stderr : stdout, "\n{}", c.text);
        if (o.check) checked = exit_of(c);
    }
    std::fflush(stdout);
    if (!r.complete) return exit_code::interrupted;
    return any_violation(r) ? exit_code::violated : checked;
}

}  // namespace drainlab::cli
