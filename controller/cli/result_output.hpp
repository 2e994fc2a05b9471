// What bench, sim and merge do with a result once they have it.
#pragma once
#include "controller/client/failure.hpp"
#include "controller/experiment/scenario.hpp"
#include "controller/result/documents.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// `--json FILE|-`, before the run: whether the file can be written. Exit 2 if not.
client::result<void> check_json_file(const std::optional<std::string>& json);
/// The same for any option that names a file to be written.
client::result<void> check_file(const std::string& option, const std::optional<std::string>& path);
/// Writes drainlab.result/1 there, if asked for.
client::result<void> write_result(const std::optional<std::string>& json, const report::result& r);
/// Writes any document there: whole or not at all, on standard output with `-`. Exit 2 if the file cannot be made, 5 if
/// it could not
/// be filled.
client::result<void> write_document(const std::string& option, const std::string& path, const std::string& text);
/// A result from a file; exit 2 with the place of what is wrong.
client::result<report::result> load_result(const std::string& path);
/// The words of `--format`.
std::vector<std::string> result_formats();
/// The result in one of result_formats(), as wide as the terminal lets it be.
std::string formatted(const std::string& format, const report::result& r);
/// The same of any document; exit 2 where its kind has nothing of that format.
client::result<std::string> formatted(const std::string& format, const report::document& d);
/// Prints it on standard output, unless JSON goes there.
void print_result(const std::optional<std::string>& json, const std::string& format, const report::result& r);
/// How a check went. What checked nothing is not fine: `held` and `missed` are both 0.
struct check_outcome {
    int held = 0, missed = 0, skipped = 0;
    /// 0 fine, 1 when something was missed, 4 (with a remark) when nothing could be checked.
    client::exit_code exit() const;
};
/// Prints each expectation and whether it held, on standard error if JSON or another format has standard output.
check_outcome check_expectations(const std::optional<std::string>& json, const std::string& format,
                                 const report::result& r, const std::vector<experiment::scenario>& scenarios);

}  // namespace drainlab::cli
