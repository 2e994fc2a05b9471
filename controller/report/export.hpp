// A result in the formats of other tools.
#pragma once

#include "controller/report/view.hpp"
#include "controller/result/documents.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drainlab::report {

/// One file of an export. Formats that hold one histogram (hgrm) make one a cell, named by `part`; else `part` is
/// empty.
struct exported {
    std::string part;
    std::string text;
};

/// hyperfine, benchmark, csv, samples-csv, hgrm, junit, ktap, openmetrics, chrome-trace, ftrace, markdown.
const std::vector<std::string>& export_formats();

/// The format that a file's ending means: .csv, .hgrm, .xml, .tap, .om or .prom, .trace, .md; nothing for others (.json
/// may be several).
std::optional<std::string> format_by_ending(const std::string& path);

/// Those of export_formats() that mean something for such a document: a search has no samples.
std::vector<std::string> formats_of(const document& d);

/// The document in one of its formats_of(); nothing in others. Cells
/// without a sample are left out where a format knows no such thing.
std::vector<exported> export_as(const std::string& format, const document& d);

// One file each; see export_formats().
std::string to_hyperfine(const result& r);                         ///< `hyperfine --export-json`, seconds
std::string to_benchmark(const result& r);                         ///< Google Benchmark's JSON, milliseconds
std::string to_junit(const result& r);                             ///< cells as checks, see suites_of()
std::string to_ktap(const result& r);                              ///< likewise
std::string to_openmetrics(const result& r);                       ///< counters, gauges, histograms of seconds
std::string to_openmetrics(const view& v);                         ///< its metrics and times
std::string to_chrome_trace(const result& r);                      ///< recorded events, else the samples' phases
std::string to_chrome_trace(const std::vector<lane_span>& lanes);  ///< bars of a time line
std::string to_ftrace(const result& r);                            ///< the same as lines of tracefs' trace file
std::string to_hgrm(const cell& c);                                ///< one histogram, milliseconds

/// "idle_cross_pressure/base/hz=100": scenario, policy, mounts if not drainfs, point.
std::string path_of(const cell& c, char separator = '/');

}  // namespace drainlab::report
