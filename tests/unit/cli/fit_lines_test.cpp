#include "controller/cli/fit_lines.hpp"

#include "controller/cli/progress_line.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::cli;

TEST_CASE("a line that fits is left as it is", "[lines]") {
    CHECK(fit_lines("", 80).empty());
    CHECK(fit_lines("short\n  columns   stay\n\n", 80) == "short\n  columns   stay\n\n");
}

TEST_CASE("a long line goes on under its last column", "[lines]") {
    CHECK(fit_lines("base    waits for all of them\n", 20) == "base    waits for\n        all of them\n");
    CHECK(fit_lines("  said without columns at all", 20) == "  said without\n    columns at all");
    CHECK(fit_lines("ok  one two three four    five six", 24) == "ok  one two three four\n    five six");
}

TEST_CASE("no word is cut, and colours take no room", "[lines]") {
    const std::string path(60, 'x');
    CHECK(fit_lines("at /" + path + " is it", 20) == "at\n  /" + path + "\n  is it");
    const std::string red = "\x1b[31mwarn\x1b[0m twelve more";
    CHECK(fit_lines(red, 20) == red);
    CHECK(fit_lines("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc 1234567890", 20)
              .find('\n') == std::string::npos);
}

TEST_CASE("of a progress that does not fit what comes last is shown", "[lines]") {
    const std::string text = "idle_cross_pressure  base / persb 8.6 [7.1, 10.2]  12 of 40, 1:05 left";
    CHECK(fitted(text, 79) == text);
    CHECK(fitted(text, 50) == "base / persb 8.6 [7.1, 10.2]  12 of 40, 1:05 left");
    CHECK(fitted(text, 39) == "12 of 40, 1:05 left");
    CHECK(fitted(text, 10) == "12 of 4...");
}
