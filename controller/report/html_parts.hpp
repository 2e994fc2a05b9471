// The parts of the page, one for each kind of document. Internal to this folder.
#pragma once

#include "controller/result/documents.hpp"

#include <string>
#include <vector>

namespace drainlab::report {

/// Each begins with what it says in a sentence. `id` makes the names of elements unique in the page.
std::string html_of_bench(const document& d, const std::string& id);
std::string html_of_race(const race_document& d, const std::string& id);    ///< verdicts, windows, counterexamples
std::string html_of_mutants(const mutants_document& d);                     ///< who was found by what
std::string html_of_lazy(const lazy_document& d, const std::string& id);    ///< lanes and claims of each step
std::string html_of_churn(const churn_document& d, const std::string& id);  ///< figures, latencies, backlog

/// What is said of strategies before their scenario: a sentence each, and a table.
std::string html_of_strategies(const result& r);

/// Cells of a row, escaped.
std::string table_row(const std::vector<std::string>& cells, const char* tag = "td");
/// A table that scrolls by itself where the page is narrow; `rows` are markup.
std::string table(const std::vector<std::string>& head, const std::string& rows, const char* css = "");

/// The last instant of any step, ms.
double longest_ms(const lazy_document& d);

}  // namespace drainlab::report
