// drainctl report [FILE...]: a result as text, Markdown, CSV, HTML, pictures, or in the format of another tool.
#include "controller/cli/command.hpp"
#include "controller/cli/kept.hpp"
#include "controller/cli/output.hpp"
#include "controller/cli/result_output.hpp"
#include "controller/report/export.hpp"
#include "controller/report/html.hpp"
#include "controller/result/documents.hpp"
#include "controller/result/file.hpp"
#include "controller/sim/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace drainlab::cli {
namespace {

struct options {
    std::vector<std::string> files;
    std::optional<std::string> html, svg, export_to, as;
    std::string format = "text";
};

result<std::vector<std::string>> chosen_files(const options& o) {
    if (!o.files.empty()) return o.files;
    const auto kept = kept_files();
    if (kept.empty())
        return client::usage_error("report: no FILE, and no result is kept in " + kept_directory(),
                                   "drainctl bench keeps its result; or give a file written with --json");
    return std::vector<std::string>{kept.back()};
}

result<std::string> export_format(const options& o) {
    if (o.as) return *o.as;
    if (const auto format = report::format_by_ending(*o.export_to)) return *format;
    return client::usage_error("--export " + *o.export_to + ": its ending does not tell the format",
                               "--as one of: " + words::join(report::export_formats()));
}

/// `a.hgrm` for one part, `a-PART.hgrm` for each of several.
std::string name_of_part(const std::string& path, const std::string& part, std::size_t parts) {
    if (parts <= 1 || path == "-") return path;
    const std::filesystem::path p(path);
    auto safe = part;
    for (auto& c : safe)
        if (c == '/' || static_cast<unsigned char>(c) <= ' ') c = '_';
    return (p.parent_path() / (p.stem().string() + "-" + safe + p.extension().string())).string();
}

result<void> export_result(const options& o, const std::vector<report::document>& all) {
    BOOST_OUTCOME_TRY(const auto format, export_format(o));
    if (all.size() != 1) return client::usage_error("--export takes one FILE; `drainctl merge` makes one of several");
    const auto& d = all.front();
    const auto known = report::formats_of(d);
    if (std::find(known.begin(), known.end(), format) == known.end())
        return client::usage_error(
            fmt::format("--export as {}: {} is a {}, which has nothing of that", format, d.file, d.schema),
            "it can be exported as " + words::join(known));
    BOOST_OUTCOME_TRYV(check_file("--export", *o.export_to));
    const auto parts = report::export_as(format, d);
    for (const auto& part : parts) {
        const auto path = name_of_part(*o.export_to, part.part, parts.size());
        BOOST_OUTCOME_TRYV(check_file("--export", path));
        BOOST_OUTCOME_TRYV(write_document("--export", path, part.text));
    }
    return client::success();
}

result<void> draw(const options& o, const std::vector<report::document>& all) {
    std::error_code error;
    std::filesystem::create_directories(*o.svg, error);
    if (error) return client::usage_error("--svg " + *o.svg + ": " + error.message());
    for (const auto& picture : report::pictures(all)) {
        const auto path = *o.svg + "/" + picture.name + ".svg";
        BOOST_OUTCOME_TRYV(check_file("--svg", path));
        BOOST_OUTCOME_TRYV(write_document("--svg", path, picture.text));
        fmt::print("{}\n", path);
    }
    return client::success();
}

result<exit_code> run(const options& o) {
    if (o.as && !o.export_to) return client::usage_error("--as goes with --export FILE");
    BOOST_OUTCOME_TRYV(check_file("--html", o.html));
    BOOST_OUTCOME_TRY(const auto files, chosen_files(o));
    std::vector<report::document> all;
    for (const auto& file : files) {
        auto read = report::load_document(file);
        if (!read.value) return client::usage_error(read.error, "a file that drainctl wrote with --json is expected");
        if (read.value->bench) read.value->others = sim::figures_beside(*read.value->bench);
        all.push_back(std::move(*read.value));
    }
    if (o.export_to) { BOOST_OUTCOME_TRYV(export_result(o, all)); }
    if (o.svg) { BOOST_OUTCOME_TRYV(draw(o, all)); }
    if (o.html) {
        BOOST_OUTCOME_TRYV(write_document("--html", *o.html, report::to_html(all)));
        if (*o.html != "-") fmt::print("{}\n", *o.html);
    }
    if (!o.export_to && !o.svg && !o.html)
        for (const auto& d : all) {
            BOOST_OUTCOME_TRY(const auto text, formatted(o.format, d));
            fmt::print("{}", text);
        }
    return exit_code::fine;
}

}  // namespace

void declare_report(command& c) {
    auto o = std::make_shared<options>();
    c.about("a result to look at: text, one HTML file, pictures, or another tool's format",
            "drainctl report --html report.html");
    c.positionals("FILE", o->files,
                  "what bench, sim, merge, race, lazy, churn wrote with --json; without it the last kept result");
    c.option("--html", o->html, "one file that opens offline: distributions, the waterfall of every unmount, ratios");
    c.option("--svg", o->svg, "a directory for the same pictures, one file each");
    c.option("--format", o->format, "of standard output").one_of(result_formats());
    c.option("--export", o->export_to, "the result as another tool reads it, by the file's ending or --as");
    c.option("--as", o->as, "the format of --export").one_of(report::export_formats());
    c.run([o] { return run(*o); });
}

}  // namespace drainlab::cli
