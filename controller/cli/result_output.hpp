// What bench, sim and merge do with a result once they have it.
#pragma once
#include "controller/client/failure.hpp"
#include "controller/report/result.hpp"
#include "controller/run/scenario.hpp"

#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// `--json FILE|-`, before the run: whether the file can be written. Exit 2 if not.
client::result<void> check_json_file(const std::optional<std::string>& json);
/// Writes drainlab.result/1 there, if asked for.
client::result<void> write_result(const std::optional<std::string>& json, const report::result& r);
/// Prints it on standard output as text, markdown or csv, unless JSON goes there.
void print_result(const std::optional<std::string>& json, const std::string& format, const report::result& r,
                  const std::vector<run::scenario>& titles);
/// Prints each expectation and whether it held, on standard error if JSON or another format has standard output. True when
/// none was missed.
bool check_expectations(const std::optional<std::string>& json, const std::string& format, const report::result& r,
                        const std::vector<run::scenario>& scenarios);

}  // namespace drainlab::cli
