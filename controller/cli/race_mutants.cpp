// `race --mutants` and `--table`: every policy, broken or whole, in every world.
#include "controller/cli/fit_lines.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/race_session.hpp"
#include "controller/cli/stop_signals.hpp"
#include "controller/race/subtrees.hpp"
#include "fusefs/kernel/drain/mutants.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::cli {

using client::exit_code;
using client::result;

result<exit_code> race_session::mutants() {
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
    fmt::print(to_, "{} mutants, {} killed, {} survived\n", all.size(), all.size() - static_cast<std::size_t>(alive),
               alive);
    BOOST_OUTCOME_TRYV(write_json(race::document_of(all)));
    return alive == 0 ? exit_code::fine : exit_code::violated;
}

std::vector<race::subject> race_session::wanted_mutants() const {
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

result<exit_code> race_session::table() {
    race::search_options options = search_of(o_);
    race::crew others{jobs() - 1};
    options.helpers = &others;
    const auto bound = [this](const auto& w) { return bound_.value_or(std::max(2, w.bound.value_or(2))); };
    if (o_.policies.empty()) drains_ = kernel::drain_policies();
    fmt::print(to_, "{}", race::verdict_tables(worlds_, drains_, names_, options, bound));
    return exit_code::fine;
}

}  // namespace drainlab::cli
