#include "controller/cli/race_run.hpp"

#include "controller/cli/fit_lines.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/race_session.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/race/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>

namespace drainlab::cli {

using client::exit_code;
using client::result;
using client::usage_error;
using race::judgement;

namespace {

exit_code code_of(const std::vector<judgement>& all) {
    exit_code code = exit_code::fine;
    for (const judgement& j : all) {
        if (j.says == race::verdict::violates) return exit_code::violated;
        if (j.says != race::verdict::safe) code = exit_code::cannot_run;
    }
    return code;
}

}  // namespace

result<exit_code> race_session::run() {
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

std::string race_session::shown(const race::story& s) const {
    return o_.format == "mermaid" ? race::as_mermaid(s) : fit_lines(race::as_text(s, columns()), columns());
}

int race_session::bound_of(const race::world_spec& w) const {
    return bound_.value_or(w.bound.value_or(w.unbounded ? -1 : w.small ? 3 : 2));
}

int race_session::jobs() const {
    return static_cast<int>(
        std::min<std::int64_t>(o_.jobs.value_or(std::max(1u, std::thread::hardware_concurrency())), 256));
}

result<exit_code> race_session::searches() {
    if (o_.checkpoint && o_.mode != "exhaustive")
        return usage_error("--checkpoint goes with --mode exhaustive: a random search has no place to go on from");
    race::search_options each = search_of(o_);
    const auto visited = o_.coverage ? std::make_unique<race::coverage>() : nullptr;
    each.visited = visited.get();
    BOOST_OUTCOME_TRY(const auto done,
                      race::run_campaign({worlds_, drains_, names_, each, [this](const auto& w) { return bound_of(w); },
                                          o_.checkpoint, jobs()},
                                         *this));
    if (visited) {
        race::by_window<std::uint64_t> reached{};
        for (const judgement& j : done.all)
            for (std::size_t w = 0; w < reached.size(); ++w) reached[w] += j.search.state.reached[w];
        fmt::print(to_, "\n{}", fit_lines(visited->as_text(reached), columns()));
    }
    if (done.place_kept) fmt::print(to_, "{}: the same command goes on from there\n", *o_.checkpoint);
    BOOST_OUTCOME_TRYV(write_json(race::document_of(done.all)));
    if (done.interrupted) return exit_code::interrupted;
    if (done.all.empty())
        return usage_error("nothing to search: none of these policies' kernels had these producers of switches");
    return code_of(done.all);
}

bool race_session::go_on() { return !asked_to_stop(); }

void race_session::does_not_apply(const race::subject& under, const race::world_spec& world) {
    fmt::print(to_, "{:<11} {:<15} its kernels had no such producer of switches\n", under.id(), world.name);
}

void race_session::resumes(const race::subject& under, const race::world_spec& world, const race::search_state& from) {
    fmt::print(to_, "{} {}: goes on after {} schedules\n", under.id(), world.name, from.schedules);
}

void race_session::judged(const judgement& j) {
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

void race_session::progress(const race::subject& under, const race::world_spec& world, const race::search_state& s) {
    const double left = s.explored > 0.001 ? s.seconds / s.explored * (1 - s.explored) : -1;
    line_.show(fmt::format("{} {} bound {}: {} schedules, about {:.0f} % of this bound{}", under.id(), world.name,
                           race::bound_text(s.bound), s.schedules, 100 * s.explored,
                           left >= 0 ? fmt::format(", some {:.0f} s left", left) : ""));
}

result<exit_code> run_race(const race_options& o) {
    try {
        return race_session{o}.run();
    } catch (const sched::nondeterminism& e) {
        return client::failure{"nondeterminism", e.what(), {}, o.schedule ? exit_code::usage : exit_code::broken, 0};
    }
}

}  // namespace drainlab::cli
