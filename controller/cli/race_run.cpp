#include "controller/cli/race_run.hpp"

#include "controller/cli/fit_lines.hpp"
#include "controller/cli/lab_report.hpp"
#include "controller/cli/noted.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/progress_line.hpp"
#include "controller/cli/race_choice.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/race/accept.hpp"
#include "controller/race/campaign.hpp"
#include "controller/race/coverage.hpp"
#include "controller/race/report.hpp"
#include "controller/race/subtrees.hpp"
#include "controller/race/witness.hpp"
#include "fusefs/kernel/drain/mutants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

namespace drainlab::cli {

using client::exit_code;
using client::result;
using client::usage_error;
using race::judgement;

namespace {

template <class Document>
result<void> write_json(const race_options& o, const noted& run, Document document) {
    if (!o.json) return client::success();
    document.made = run.facts(static_cast<std::uint64_t>(o.seed));
    return write_document("--json", *o.json, report::to_json(document));
}

class session final : race::campaign_listener {
  public:
    explicit session(const race_options& o) : o_{o}, to_{o.json == "-" ? stderr : stdout} {}

    result<exit_code> run() {
        BOOST_OUTCOME_TRY(worlds_, chosen_worlds(o_));
        drains_ = chosen_drains(o_);
        names_ = chosen_names(o_);
        BOOST_OUTCOME_TRY(bound_, asked_bound(o_));
        BOOST_OUTCOME_TRYV(check_json_file(o_.json));
        heed_signals();
        if (o_.schedule) return replay();
        if (o_.accepts) return accepts(*o_.accepts);
        if (o_.witness) return witness(*race::parse_window(*o_.witness));
        if (o_.mutants) return mutants();
        if (o_.table) return table();
        return searches();
    }

  private:
    std::string shown(const race::story& s) const {
        return o_.format == "mermaid" ? race::as_mermaid(s) : fit_lines(race::as_text(s, columns()), columns());
    }

    int bound_of(const race::world_spec& w) const {
        return bound_.value_or(w.bound.value_or(w.unbounded ? -1 : w.small ? 3 : 2));
    }

    int jobs() const {
        return static_cast<int>(
            std::min<std::int64_t>(o_.jobs.value_or(std::max(1u, std::thread::hardware_concurrency())), 256));
    }

    result<exit_code> replay() {
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
        BOOST_OUTCOME_TRYV(write_json(o_, run_, race::document_of(std::vector{j})));
        return run.findings.empty() ? exit_code::fine : exit_code::violated;
    }

    /// A trace with mount events is held against both halves, one without against the drain.
    result<exit_code> accepts(const std::string& file) {
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
                fmt::print(to_, "{}: accepted, {} events, schedule {}\n", a.sb, a.matched,
                           sched::to_string(a.schedule));
                continue;
            }
            std::string wanted;
            for (const auto& w : a.wanted) wanted += (wanted.empty() ? "" : " or ") + w;
            fmt::print(to_, "{}: rejected at {}:{}: {} after {} events that fit; {} shows {} there{}\n", a.sb, file,
                       a.line, a.refused, a.matched, under.id(), wanted,
                       a.exhausted ? "" : " (not every run was tried)");
        }
        return all ? exit_code::fine : exit_code::violated;
    }

    /// From the first world that is about it, or failing that the first that gets there.
    result<exit_code> witness(race::window which) {
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
                fmt::print(to_, "replay: drainctl race {} --world {} --schedule {}\n", race::as_options(under),
                           world.name, sched::to_string(found->schedule));
                return exit_code::fine;
            }
        fmt::print(to_, "no run of these worlds and policies reaches {} without a violation\n", *o_.witness);
        return exit_code::cannot_run;
    }

    result<exit_code> mutants() {
        race::search_options options = search_of(o_);
        race::crew others{jobs() - 1};
        options.helpers = &others;
        std::vector<race::mutant_result> all;
        options.preemptions = bound_.value_or(3);
        for (const race::subject& mutant : wanted_mutants()) {
            all.push_back(race::kill(mutant, worlds_, options));
            fmt::print(to_, "{}\n", fit_lines(race::as_line(all.back()), columns()));
            if (asked_to_stop()) return exit_code::interrupted;
        }
        const auto alive = std::count_if(all.begin(), all.end(), [](const auto& m) { return !m.killed; });
        fmt::print(to_, "{} mutants, {} killed, {} survived\n", all.size(),
                   all.size() - static_cast<std::size_t>(alive), alive);
        BOOST_OUTCOME_TRYV(write_json(o_, run_, race::document_of(all)));
        return alive == 0 ? exit_code::fine : exit_code::violated;
    }

    /// Of the policies asked for, or of all.
    std::vector<race::subject> wanted_mutants() const {
        const bool any = o_.policies.empty() && o_.namespace_policies.empty();
        const auto wanted = [any](const auto& list, bool asked, std::string_view mutant) {
            return any || (asked && std::any_of(list.begin(), list.end(), [&](const auto* p) {
                               return mutant == p->id() || mutant.substr(0, mutant.find('~')) == p->id();
                           }));
        };
        std::vector<race::subject> all;
        for (const auto* m : kernel::drain_mutants())
            if (wanted(drains_, !o_.policies.empty(), m->id())) all.emplace_back(*m);
        for (const auto* m : kernel::namespace_mutants())
            if (wanted(names_, !o_.namespace_policies.empty(), m->id())) all.emplace_back(*m);
        return all;
    }

    result<exit_code> table() {
        race::search_options options = search_of(o_);
        race::crew others{jobs() - 1};
        options.helpers = &others;
        const auto bound = [this](const auto& w) { return bound_.value_or(std::max(2, w.bound.value_or(2))); };
        if (o_.policies.empty()) drains_ = kernel::drain_policies();
        fmt::print(to_, "{}", race::verdict_tables(worlds_, drains_, names_, options, bound));
        return exit_code::fine;
    }

    result<exit_code> searches() {
        if (o_.checkpoint && o_.mode != "exhaustive")
            return usage_error("--checkpoint goes with --mode exhaustive: a random search has no place to go on from");
        race::search_options each = search_of(o_);
        const auto visited = o_.coverage ? std::make_unique<race::coverage>() : nullptr;
        each.visited = visited.get();
        BOOST_OUTCOME_TRY(const auto done,
                          race::run_campaign({worlds_, drains_, names_, each,
                                              [this](const auto& w) { return bound_of(w); }, o_.checkpoint, jobs()},
                                             *this));
        if (visited) {
            race::by_window<std::uint64_t> reached{};
            for (const judgement& j : done.all)
                for (std::size_t w = 0; w < reached.size(); ++w) reached[w] += j.search.state.reached[w];
            fmt::print(to_, "\n{}", fit_lines(visited->as_text(reached), columns()));
        }
        if (done.place_kept) fmt::print(to_, "{}: the same command goes on from there\n", *o_.checkpoint);
        BOOST_OUTCOME_TRYV(write_json(o_, run_, race::document_of(done.all)));
        if (done.interrupted) return exit_code::interrupted;
        if (done.all.empty())
            return usage_error("nothing to search: none of these policies' kernels had these producers of switches");
        return code_of(done.all);
    }

    // ---- what run_campaign() tells ------------------------------------------------------------------------------------
    bool go_on() override { return !asked_to_stop(); }
    void does_not_apply(const race::subject& under, const race::world_spec& world) override {
        fmt::print(to_, "{:<11} {:<15} its kernels had no such producer of switches\n", under.id(), world.name);
    }
    void resumes(const race::subject& under, const race::world_spec& world, const race::search_state& from) override {
        fmt::print(to_, "{} {}: goes on after {} schedules\n", under.id(), world.name, from.schedules);
    }
    void judged(const judgement& j) override {
        line_.wipe();
        fmt::print(to_, "{}\n", fit_lines(race::as_line(j), columns()));
        if (j.search.state.verified > 0)
            fmt::print(to_, "            {} schedules ran twice with equal traces\n", j.search.state.verified);
        if (j.example) {
            fmt::print(to_, "\n{}\n", shown(j.example->told));
            fmt::print(to_, "replay: drainctl race {} --world {} --schedule {}\n\n", race::as_options(j.under), j.world,
                       sched::to_string(j.example->schedule));
        }
        std::fflush(to_);
    }
    void progress(const race::subject& under, const race::world_spec& world, const race::search_state& s) override {
        const double left = s.explored > 0.001 ? s.seconds / s.explored * (1 - s.explored) : -1;
        line_.show(fmt::format("{} {} bound {}: {} schedules, about {:.0f} % of this bound{}", under.id(), world.name,
                               race::bound_text(s.bound), s.schedules, 100 * s.explored,
                               left >= 0 ? fmt::format(", some {:.0f} s left", left) : ""));
    }

    static exit_code code_of(const std::vector<judgement>& all) {
        exit_code code = exit_code::fine;
        for (const judgement& j : all) {
            if (j.says == race::verdict::violates) return exit_code::violated;
            if (j.says != race::verdict::safe) code = exit_code::cannot_run;
        }
        return code;
    }

    const race_options& o_;
    const noted run_;
    std::FILE* to_;
    std::vector<race::world_spec> worlds_;
    drain_list drains_;
    namespace_list names_;
    std::optional<int> bound_;
    progress_line line_;
};

}  // namespace

result<exit_code> run_race(const race_options& o) {
    try {
        return session{o}.run();
    } catch (const sched::nondeterminism& e) {
        return client::failure{"nondeterminism", e.what(), {}, o.schedule ? exit_code::usage : exit_code::broken, 0};
    }
}

}  // namespace drainlab::cli
