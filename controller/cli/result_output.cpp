#include "controller/cli/result_output.hpp"

#include "controller/cli/fit_lines.hpp"
#include "controller/cli/output.hpp"
#include "controller/report/text.hpp"
#include "controller/report/view.hpp"
#include "controller/result/file.hpp"
#include "controller/result/read.hpp"
#include "controller/result/write.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

namespace drainlab::cli {

using client::exit_code;

client::result<void> check_file(const std::string& option, const std::optional<std::string>& path) {
    if (!path || path == "-") return client::success();
    const auto wrong = report::check_writable(*path);
    if (!wrong.empty()) return client::usage_error(option + " " + wrong);
    return client::success();
}

client::result<void> check_json_file(const std::optional<std::string>& json) { return check_file("--json", json); }

client::result<void> write_document(const std::string& option, const std::string& path, const std::string& text) {
    if (path == "-") {
        if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
            return client::success();
        return client::system_failure(option + " -", errno);
    }
    const auto wrong = report::write_file(path, text);
    if (wrong.empty()) return client::success();
    return client::failure{"cannot_write", option + " " + wrong, {}, exit_code::broken, 0};
}

client::result<void> write_result(const std::optional<std::string>& json, const report::result& r) {
    if (!json) return client::success();
    return write_document("--json", *json, report::to_json(r));
}

client::result<report::result> load_result(const std::string& path) {
    auto read = report::load(path);
    if (!read)
        return client::usage_error(read.error, "a file written by bench, sim, lab or merge with --json is expected");
    return std::move(*read.value);
}

namespace {
report::text_options text_options_here() {
    report::text_options t;
    t.colour = colour();
    t.columns = columns();
    return t;
}
}  // namespace

std::vector<std::string> result_formats() { return {"text", "markdown", "csv", "samples-csv"}; }

std::string formatted(const std::string& format, const report::result& r) {
    const auto t = text_options_here();
    if (format == "csv") return report::to_csv(r);
    if (format == "samples-csv") return report::to_samples_csv(r);
    if (format == "markdown") return report::to_markdown(r, t);
    return report::to_text(r, t);
}

client::result<std::string> formatted(const std::string& format, const report::document& d) {
    if (d.bench) return formatted(format, *d.bench);
    const auto v = report::view_of(d);
    if (!v) return client::usage_error(d.file + " is a " + d.schema + ": it has no table");
    if (format == "csv") return report::to_csv(v->rows);
    if (format == "markdown") return report::to_markdown(*v);
    if (format == "samples-csv" && v->samples.columns.empty())
        return client::usage_error("--format samples-csv: " + d.file + " is a " + d.schema + ": it has no samples",
                                   "text, markdown or csv");
    if (format == "samples-csv") return report::to_csv(v->samples);
    return report::to_text(*v, text_options_here());
}

void print_result(const std::optional<std::string>& json, const std::string& format, const report::result& r) {
    if (json != "-") fmt::print("{}", formatted(format, r));
}

exit_code check_outcome::exit() const {
    if (missed > 0) return exit_code::violated;
    if (held > 0) return exit_code::fine;
    remark(fmt::format("nothing could be checked: {}", skipped == 0
                                                           ? "there is no expectation of this run"
                                                           : "every expectation names policies that are not in it"));
    return exit_code::cannot_run;
}

check_outcome check_expectations(const std::optional<std::string>& json, const std::string& format,
                                 const report::result& r, const std::vector<experiment::scenario>& scenarios) {
    using outcome = experiment::verdict::outcome;
    auto* to = json == "-" || format != "text" ? stderr : stdout;
    check_outcome all;
    fmt::print(to, "\n");
    for (const auto& s : scenarios)
        for (const auto& e : s.expect) {
            const auto v = experiment::judge(r, s.name, e);
            const auto* word = v.what == outcome::held ? "held" : v.what == outcome::missed ? "MISSED" : "skipped";
            ++(v.what == outcome::held ? all.held : v.what == outcome::missed ? all.missed : all.skipped);
            fmt::print(to, "{}\n", fit_lines(fmt::format("check {:<8}{}: {}", word, s.name, v.text), columns()));
        }
    return all;
}

}  // namespace drainlab::cli
