// `race --schedule`, `--accepts` and `--witness`: single runs, told or judged.
#include "controller/cli/fit_lines.hpp"
#include "controller/cli/lab_report.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/race_session.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/race/accept.hpp"
#include "controller/race/subtrees.hpp"
#include "controller/race/witness.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::cli {

using client::exit_code;
using client::result;
using client::usage_error;
using race::judgement;

result<exit_code> race_session::replay() {
    const auto subjects =
        worlds_.size() == 1 ? race::subjects_of(worlds_.front(), drains_, names_) : std::vector<race::subject>{};
    if (subjects.size() != 1)
        return usage_error(
            "--schedule needs one --world, and one --policy or --namespace-policy (both, if it has both halves)");
    const race::subject& under = subjects.front();
    const auto s = sched::parse_schedule(*o_.schedule);
    if (!s) return usage_error("--schedule " + *o_.schedule + ": is not a schedule; they look like 2:4Ab2B");
    const auto& world = worlds_.front();
    const auto run = race::run_schedule(world, under, *s);
    judgement j{under, world.name, race::verdict::inconclusive, {}, {}, {}};
    j.search.state.bound = s->preemptions;
    j.search.state.schedules = 1;
    j.search.state.tasks = run.tasks;
    const auto told = race::tell(world, under, *s);
    if (!run.findings.empty()) {
        j.says = race::verdict::violates;
        j.example = race::counterexample{*s, run.findings.front(), told};
    }
    fmt::print(to_, "{}", shown(told));
    fmt::print(to_, "{} steps, trace {:016x}{}\n", run.steps, run.trace_hash,
               run.findings.empty() ? ", nothing violated" : "");
    BOOST_OUTCOME_TRYV(write_json(race::document_of(std::vector{j})));
    return run.findings.empty() ? exit_code::fine : exit_code::violated;
}

result<exit_code> race_session::accepts(const std::string& file) {
    if (is_kernel_trace(file)) return accept_kernel_trace(file, o_.policies, to_);
    BOOST_OUTCOME_TRY(const auto trace, race::read_trace(file));
    if (drains_.size() != 1 || (!o_.namespace_policies.empty() && names_.size() != 1))
        return usage_error("--accepts needs one --policy, and for mount events one --namespace-policy");
    if (!drains_.front()->offline_cleanup())
        return usage_error("--accepts: the model's traces of " + std::string{drains_.front()->id()} +
                           " have another producer of switches; policies since 5.14 can be judged");
    const race::subject under{drains_.front(), o_.namespace_policies.empty() ? nullptr : names_.front()};
    bool all = true;
    for (const race::acceptance& a : race::accept(trace, under)) {
        all = all && a.accepted;
        if (a.accepted) {
            fmt::print(to_, "{}: accepted, {} events, schedule {}\n", a.sb, a.matched, sched::to_string(a.schedule));
            continue;
        }
        std::string wanted;
        for (const auto& w : a.wanted) wanted += (wanted.empty() ? "" : " or ") + w;
        fmt::print(to_, "{}: rejected at {}:{}: {} after {} events that fit; {} shows {} there{}\n", a.sb, file, a.line,
                   a.refused, a.matched, under.id(), wanted, a.exhausted ? "" : " (not every run was tried)");
    }
    return all ? exit_code::fine : exit_code::violated;
}

result<exit_code> race_session::witness(race::window which) {
    const auto is_about = [&](const race::world_spec& w) {
        return std::find(w.windows.begin(), w.windows.end(), which) != w.windows.end();
    };
    std::stable_partition(worlds_.begin(), worlds_.end(), is_about);
    for (const auto& world : worlds_)
        for (const race::subject& under : race::subjects_of(world, drains_, names_)) {
            if (asked_to_stop()) return exit_code::interrupted;
            if (!race::applies(under, world)) continue;
            const auto found = race::find_witness(world, under, which, bound_of(world));
            if (!found) continue;
            const auto& text = shown(found->told);
            fmt::print(to_, "{}: {}\n{} in {}:\n\n{}\n", race::to_string(which),
                       race::all_windows()[race::index_of(which)].about, under.id(), world.name, text);
            fmt::print(to_, "replay: drainctl race {} --world {} --schedule {}\n", race::as_options(under), world.name,
                       sched::to_string(found->schedule));
            return exit_code::fine;
        }
    fmt::print(to_, "no run of these worlds and policies reaches {} without a violation\n", *o_.witness);
    return exit_code::cannot_run;
}

}  // namespace drainlab::cli
