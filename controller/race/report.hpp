// Results as JSON (drainlab.race/1, drainlab.mutants/1) and as lines for people.
#pragma once
#include "controller/race/judge.hpp"

#include <nlohmann/json_fwd.hpp>

namespace drainlab::race {

nlohmann::json race_document(const std::vector<judgement>& all);
nlohmann::json mutants_document(const std::vector<mutant_result>& all);

/// One line: verdict, tasks, choice points, schedules, speed, windows.
std::string as_line(const judgement& j);
std::string as_line(const mutant_result& m);
/// `none`, or the number of preemptions.
std::string bound_text(int preemptions);

/// The verdict table, Markdown: a row per policy, a column per world, with and without the locks that shield umount.
struct table_column {
    std::string title;
    world_spec world;
};
std::vector<table_column> table_columns(const std::vector<world_spec>& worlds);
std::string verdict_table(const std::vector<table_column>& columns,
                          const std::vector<const kernel::drain_policy*>& policies, const search_options& options);

}  // namespace drainlab::race
