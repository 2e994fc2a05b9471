#include "controller/report/html_parts.hpp"
#include "controller/report/markup.hpp"
#include "controller/report/view.hpp"

namespace drainlab::report {

std::string html_of_strategies(const result& r) {
    std::string text;
    for (const auto& sentence : strategy_answers(r)) text += "<p class=\"answer\">" + escaped(sentence) + "</p>\n";
    for (const auto& t : strategy_tables(r)) {
        std::string rows;
        for (const auto& row : t.rows) rows += table_row(row);
        text += "<h3>" + escaped(t.title) + "</h3>" + table(t.columns, rows, "strategies");
    }
    return text;
}

}  // namespace drainlab::report
