// Between structs and JSON: the small pieces that all documents share. Internal to this folder.
#pragma once

#include "controller/measure/histogram.hpp"
#include "controller/result/churn.hpp"
#include "controller/result/cursor.hpp"
#include "controller/result/lazy.hpp"
#include "controller/result/race.hpp"
#include "controller/result/result.hpp"

#include <nlohmann/json.hpp>

namespace drainlab::report::keys {

using json = nlohmann::ordered_json;

// ---- writing ------------------------------------------------------------------------------------------------------
/// Six digits behind the point.
json number(double v);
/// Nothing is `null`, here and in text().
json number(const std::optional<double>& v);
json text(const std::optional<std::string>& v);  ///< nothing is `null`
/// A list of two numbers.
json pair(const std::array<double, 2>& v);
/// The document: indented, names of files that are no UTF-8 replaced, a newline at the end.
std::string dumped(const json& document);

/// Each as its place in the documents wants it. Keys keep their order: what can be made again is the same bytes.
json of(const measure::histogram& h);
json of(const tool_info& t);                       ///< "tool"
json of(const environment_info& e);                ///< "environment"
json of(const run_info& r);                        ///< "run" of a drainlab.result/1
json of(const strategy_figures& s);                ///< "strategy" of a cell
json of(const std::vector<traced_event>& events);  ///< "events" of a cell
/// The keys tool, environment and run, where they are known.
void add(json& document, const std::optional<facts>& made);

/// The schema of a document that this drainlab reads: of result, race, mutants,
/// lazy or churn, and of no later major version. Throws misread otherwise.
std::string schema_of(const nlohmann::json& document);
/// A document of drainlab.result/1. Throws misread.
result read_result(const nlohmann::json& document);

// ---- reading: what is missing in older documents is empty or 0 ----------------------------------------------------
// All of them throw misread where a value is there, and of another type.
std::string text_or(const cursor& c);                       ///< "" for null
std::uint64_t count_or(const cursor& c);                    ///< 0 for null
double number_or(const cursor& c);                          ///< 0 for null
std::optional<std::string> maybe_text(const cursor& c);     ///< nothing for null
std::optional<double> maybe_number(const cursor& c);        ///< nothing for null
std::optional<std::uint64_t> maybe_count(const cursor& c);  ///< nothing for null
std::vector<std::uint64_t> counts(const cursor& c);         ///< of a list, none for null
std::vector<std::string> texts(const cursor& c);            ///< of a list, none for null

/// Only histograms of one precision can be added up, and a span of time is no longer than half a year.
measure::histogram read_histogram(const cursor& c);
/// The opposite of the of() of each.
tool_info read_tool(const cursor& c);
environment_info read_environment(const cursor& c);  ///< of "environment"
run_info read_run(const cursor& c);                  ///< of "run"; fails on a mode or a shard that cannot be
std::optional<strategy_figures> read_strategy(const cursor& c);  ///< nothing for null
std::vector<traced_event> read_events(const cursor& c);          ///< none for null
std::optional<facts> read_facts(const cursor& document);         ///< the opposite of add(); nothing without "run"
race_document read_race(const cursor& document);                 ///< of drainlab.race/1
mutants_document read_mutants(const cursor& document);           ///< of drainlab.mutants/1
lazy_document read_lazy(const cursor& document);                 ///< of drainlab.lazy/1
churn_document read_churn(const cursor& document);               ///< of drainlab.churn/1

}  // namespace drainlab::report::keys
