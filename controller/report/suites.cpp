// Checks for test runners: JUnit XML and KTAP 1.
#include "controller/report/answer.hpp"
#include "controller/report/markup.hpp"
#include "controller/report/view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::report {
namespace {

std::string line_of(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
    return text;
}

/// In KTAP `#` begins a directive.
std::string description(const std::string& text) {
    auto line = line_of(text);
    std::replace(line.begin(), line.end(), '#', ' ');
    return line;
}

std::string failure_of(const check& c) {
    std::string text;
    for (const auto& v : c.failures) text += v.invariant + ": " + v.message + "\n";
    return text;
}

std::string junit_case(const std::string& suite, const check& c) {
    auto text = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\">", escaped(suite),
                            escaped(c.name), c.seconds);
    if (!c.failures.empty())
        text += fmt::format("<failure message=\"{}\" type=\"{}\">{}</failure>",
                            escaped(line_of(c.failures.front().message)), escaped(c.failures.front().invariant),
                            escaped(failure_of(c)));
    else if (!c.skipped.empty())
        text += fmt::format("<skipped message=\"{}\"/>", escaped(line_of(c.skipped)));
    return text + "</testcase>\n";
}

/// How many failed, how many could not be told.
std::pair<std::size_t, std::size_t> tally(const check_suite& s) {
    std::size_t bad = 0, none = 0;
    for (const auto& c : s.checks)
        if (!c.failures.empty())
            ++bad;
        else if (!c.skipped.empty())
            ++none;
    return {bad, none};
}

}  // namespace

std::vector<check_suite> suites_of(const result& r) {
    std::vector<check_suite> all;
    for (const auto& cells : by_scenario(r)) {
        check_suite suite{place_of(*cells.front()), {}};
        for (const auto* c : cells)
            suite.checks.push_back({label(*c), c->umount_ms ? c->umount_ms->p50 / 1e3 : 0, c->violations,
                                    c->umount_ms ? "" : "no sample"});
        all.push_back(std::move(suite));
    }
    return all;
}

std::string to_junit(const std::vector<check_suite>& all) {
    std::size_t tests = 0, failures = 0, skipped = 0;
    std::string text;
    for (const auto& s : all) {
        const auto [bad, none] = tally(s);
        text += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">\n",
                            escaped(s.name), s.checks.size(), bad, none);
        for (const auto& c : s.checks) text += junit_case(s.name, c);
        text += "  </testsuite>\n";
        tests += s.checks.size();
        failures += bad;
        skipped += none;
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"drainlab\" tests=\"{}\" failures=\"{}\" "
        "errors=\"0\" skipped=\"{}\">\n{}</testsuites>\n",
        tests, failures, skipped, text);
}

std::string to_ktap(const std::vector<check_suite>& all) {
    std::string text = fmt::format("KTAP version 1\n1..{}\n", all.size());
    int suite = 0;
    for (const auto& s : all) {
        text += fmt::format("  KTAP version 1\n  # Subtest: {}\n  1..{}\n", line_of(s.name), s.checks.size());
        int n = 0;
        for (const auto& c : s.checks) {
            for (const auto& v : c.failures) text += fmt::format("  # {}: {}\n", v.invariant, line_of(v.message));
            text += fmt::format("  {} {} {}{}\n", c.failures.empty() ? "ok" : "not ok", ++n, description(c.name),
                                c.failures.empty() && !c.skipped.empty() ? " # SKIP " + description(c.skipped) : "");
        }
        text += fmt::format("{} {} {}\n", tally(s).first == 0 ? "ok" : "not ok", ++suite, description(s.name));
    }
    return text;
}

}  // namespace drainlab::report
