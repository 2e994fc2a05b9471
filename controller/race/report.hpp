// Results as documents (drainlab.race/1, drainlab.mutants/1) and as lines for people.
#pragma once
#include "controller/race/judge.hpp"
#include "controller/result/race.hpp"

#include <functional>

namespace drainlab::race {

/// How the run was made is the caller's to say.
report::race_document document_of(const std::vector<judgement>& all);
/// For drainlab.mutants/1.
report::mutants_document document_of(const std::vector<mutant_result>& all);

/// One line: verdict, tasks, choice points, schedules, speed, windows.
std::string as_line(const judgement& j);
/// One line: killed or not, by which invariant in which world.
std::string as_line(const mutant_result& m);
/// "--policy persb --namespace-policy on_demand"
std::string as_options(const subject& s);
/// `none`, or the number of preemptions.
std::string bound_text(int preemptions);

/// Of preemptions.
using bound_of_world = std::function<int(const world_spec&)>;

/// The verdict tables, Markdown: drain policies by worlds of switches (with and without the locks that
/// shield umount), namespace policies by worlds of mounts, and one matrix for each world that has both.
std::string verdict_tables(const std::vector<world_spec>& worlds,
                           const std::vector<const kernel::drain_policy*>& drains,
                           const std::vector<const kernel::namespace_policy*>& names, const search_options& each,
                           const bound_of_world& bound);

}  // namespace drainlab::race
