#include "controller/cli/result_output.hpp"

#include "controller/cli/output.hpp"
#include "controller/report/json.hpp"
#include "controller/report/text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

namespace drainlab::cli {

using client::exit_code;

client::result<void> check_json_file(const std::optional<std::string>& json) {
    if (!json || json == "-") return client::success();
    std::ofstream file(*json, std::ios::app);
    if (!file) return client::system_failure("--json " + *json, errno, exit_code::usage);
    return client::success();
}

client::result<void> write_result(const std::optional<std::string>& json, const report::result& r) {
    if (!json) return client::success();
    const auto text = report::to_json(r);
    if (json == "-") {
        if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return client::success();
        return client::system_failure("--json -", errno);
    }
    std::ofstream file(*json, std::ios::trunc);
    file << text;
    if (!file.flush()) return client::system_failure("--json " + *json, errno);
    return client::success();
}

void print_result(const std::optional<std::string>& json, const std::string& format, const report::result& r,
                  const std::vector<run::scenario>& titles) {
    if (json == "-") return;
    report::text_options t;
    t.colour = colour();
    for (const auto& s : titles) t.titles[s.name] = s.title;
    if (format == "csv")
        fmt::print("{}", report::to_csv(r));
    else if (format == "markdown")
        fmt::print("{}", report::to_markdown(r, t));
    else
        fmt::print("{}", report::to_text(r, t));
}

bool check_expectations(const std::optional<std::string>& json, const std::string& format, const report::result& r,
                        const std::vector<run::scenario>& scenarios) {
    using outcome = report::verdict::outcome;
    auto* to = json == "-" || format != "text" ? stderr : stdout;
    int missed = 0;
    fmt::print(to, "\n");
    for (const auto& s : scenarios)
        for (const auto& e : s.expect) {
            const auto v = report::judge(r, s.name, e);
            const auto* word = v.what == outcome::held ? "held" : v.what == outcome::missed ? "MISSED" : "skipped";
            if (v.what == outcome::missed) ++missed;
            fmt::print(to, "check {:<8}{}: {}\n", word, s.name, v.text);
        }
    return missed == 0;
}

}  // namespace drainlab::cli
