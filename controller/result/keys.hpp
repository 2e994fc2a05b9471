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

// ---- writing ---------------------------------------------------------------------------------------------------------
/// Six digits behind the point.
json number(double v);
json number(const std::optional<double>& v);
json text(const std::optional<std::string>& v);
json pair(const std::array<double, 2>& v);
/// The document: indented, names of files that are no UTF-8 replaced, a newline at the end.
std::string dumped(const json& document);

json of(const measure::histogram& h);
json of(const tool_info& t);
json of(const environment_info& e);
json of(const run_info& r);
json of(const strategy_figures& s);
json of(const std::vector<traced_event>& events);
/// The keys tool, environment and run, where they are known.
void add(json& document, const std::optional<facts>& made);

/// The schema of a document that this drainlab reads: of result, race, mutants, lazy or churn, and of no later major version.
/// Throws misread otherwise.
std::string schema_of(const nlohmann::json& document);
/// A document of drainlab.result/1. Throws misread.
result read_result(const nlohmann::json& document);

// ---- reading: what is missing in older documents is empty or 0 ----------------------------------------------------------
std::string text_or(const cursor& c);
std::uint64_t count_or(const cursor& c);
double number_or(const cursor& c);
std::optional<std::string> maybe_text(const cursor& c);
std::optional<double> maybe_number(const cursor& c);
std::optional<std::uint64_t> maybe_count(const cursor& c);
std::vector<std::uint64_t> counts(const cursor& c);
std::vector<std::string> texts(const cursor& c);

/// Only histograms of one precision can be added up, and a span of time is no longer than half a year.
measure::histogram read_histogram(const cursor& c);
tool_info read_tool(const cursor& c);
environment_info read_environment(const cursor& c);
run_info read_run(const cursor& c);
std::optional<strategy_figures> read_strategy(const cursor& c);
std::vector<traced_event> read_events(const cursor& c);
std::optional<facts> read_facts(const cursor& document);
race_document read_race(const cursor& document);
mutants_document read_mutants(const cursor& document);
lazy_document read_lazy(const cursor& document);
churn_document read_churn(const cursor& document);

}  // namespace drainlab::report::keys
