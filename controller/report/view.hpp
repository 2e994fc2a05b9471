// Any document in the few forms that texts and other tools' formats are made of. A kind of document says once what its
// rows, checks, metrics and lanes are; every format follows.
#pragma once

#include "controller/report/text.hpp"
#include "controller/result/documents.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::report {

/// Columns of one unit each, which is in their names; the first names the row.
struct view_table {
    std::string title;
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
};

/// A heading and what is told below it, in order.
struct passage {
    std::string title;
    std::vector<std::string> lines;
};

/// Something that was so, was not (`failures`), or could not be told (`skipped` says why).
struct check {
    std::string name;
    double seconds = 0;
    std::vector<violation> failures;
    std::string skipped;
};
/// Checks that belong together: a scenario, a step, a world.
struct check_suite {
    std::string name;
    std::vector<check> checks;
};

/// One series of a metric: `policy="base"`, and its value.
struct series {
    std::string labels;
    double value = 0;
};
/// A family of OpenMetrics: `counter` or `gauge`.
struct metric {
    std::string name, type, help;
    std::vector<series> all;
};
/// drainlab_umount_seconds of some unmounts: how long, in ns, and how many took that long.
struct timed_series {
    std::string labels;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ns;
};

/// A bar of a time line.
struct lane_span {
    std::string process, track, what;
    double from_ms = 0, to_ms = 0;
};

/// What a document that is no drainlab.result/1 has to say. What it has nothing of stays empty.
struct view {
    std::vector<std::string> said;  ///< the answer first, then what was measured and what modelled
    bool complete = true;
    std::vector<view_table> tables;  ///< for people
    std::vector<passage> told;
    view_table rows;               ///< CSV, a row per search, mutant, claim, action
    view_table samples;            ///< CSV, a row per sample
    std::vector<cell> cells;       ///< its unmounts, for formats that know nothing but times
    std::vector<lane_span> lanes;  ///< in ms from the beginning
    std::vector<check_suite> suites;
    std::vector<metric> metrics;
    std::vector<timed_series> times;
};

/// What the searches found, in a sentence.
std::string answer_of(const race_document& d);
/// Rows are searches, checks are verdicts.
view view_of(const race_document& d);
/// Rows and checks are mutants: one that lived is a failure.
view view_of(const mutants_document& d);
/// Rows and checks are claims, samples are events, lanes are those of the steps.
view view_of(const lazy_document& d);
/// Rows are ways to unmount, samples are unmounts.
view view_of(const churn_document& d);
/// Of a document of any of these kinds; nothing of a drainlab.result/1.
std::optional<view> view_of(const document& d);

/// The same words as to_text() and the like of a result.
std::string to_text(const view& v, const text_options& options);
std::string to_markdown(const view& v);
/// Fields quoted where they have to be (RFC 4180), lines end with a newline alone.
std::string to_csv(const view_table& t);
/// One table of the text, in at most `columns` where its columns allow it: then long names have a line of their own.
std::string to_text(const view_table& t, int columns);
/// Of one table: its title in bold, bars and line ends in cells taken out of harm's way.
std::string to_markdown(const view_table& t);

/// The cells of a result as checks: a suite per scenario.
std::vector<check_suite> suites_of(const result& r);
/// JUnit's XML, as CI systems read it.
std::string to_junit(const std::vector<check_suite>& suites);
/// KTAP version 1, as the kernel's tests print it.
std::string to_ktap(const std::vector<check_suite>& suites);

/// What `bench --strategy` found out, as tables: what became of the unmounts, how long they took. Empty without one.
std::vector<view_table> strategy_tables(const result& r);
/// One sentence a strategy.
std::vector<std::string> strategy_answers(const result& r);

/// The command that shows the search again, with its counterexample's schedule if it has one.
std::string again(const race_search& s);

/// `key="value"`, with what OpenMetrics wants escaped.
std::string metric_label(const std::string& key, const std::string& value);

}  // namespace drainlab::report
