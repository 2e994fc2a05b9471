#include "fusefs/input/toml.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace drainlab::input;

TEST_CASE("TOML is read", "[input]") {
    const auto t = parse_toml("a = 1\n[b]\nc.d = [1.5, 2.5]\n", "f.toml");
    REQUIRE(t.table);
    CHECK(t.table->at_path("b.c.d[1]").value<double>() == 2.5);
}

TEST_CASE("what makes the parser give up is a mistake with a line, not an end", "[input]") {
    for (const std::string bad : {"[[[a]]", "[[[a]]\nb = 1\n", "[[[[a]]]]", "[[[", "[.a]"}) {
        CAPTURE(bad);
        CHECK(parse_toml(bad, "f.toml").error.find("f.toml:1:1: this is not TOML") == 0);
        CHECK(parse_toml("a = 1\nb = 2\n" + bad, "f.toml").error.find("f.toml:3:") == 0);
    }
}

TEST_CASE("mistakes name origin, line and column", "[input]") {
    CHECK(parse_toml("a = 1\nb = ]\n", "f.toml").error.find("f.toml:2:") == 0);
    CHECK(parse_toml("a = \"\xff\"", "f.toml").error.find("f.toml:1:") == 0);
}

TEST_CASE("tables in tables are bounded, however they are written", "[input]") {
    std::string dotted = "a", dotted_header = "[a", arrays = "a = ", inline_tables = "a = ";
    for (int i = 0; i < 30'000; ++i) {
        dotted += i % 2 == 0 ? ".a" : " . \"b\"";
        dotted_header += ".a";
        arrays += "[";
        inline_tables += "{a=";
    }
    for (const auto& text : {dotted + " = 1", dotted_header + "]", arrays, inline_tables, "x = 1\n" + dotted}) {
        const auto outcome = parse_toml(text, "f.toml");
        CHECK_FALSE(outcome.table);
        CHECK(outcome.error.find("f.toml:") == 0);
    }
}

TEST_CASE("dots that make no tables are not counted", "[input]") {
    std::string numbers = "a = [0.5";
    for (int i = 0; i < 100; ++i) numbers += ", 1.5";
    CHECK(parse_toml(numbers + "]\nb = \"" + std::string(100, '.') + "\" # " + std::string(10, '.'), "f").table);
}

TEST_CASE("characters beyond ASCII stand in strings and comments alone", "[input]") {
    const std::string letter = "\xef\xb3\xbf";  // one for which the parser's tables have a hole
    CHECK(parse_toml("[[" + letter + "]\n", "f.toml").error.find("f.toml:1:1: only strings and comments") == 0);
    CHECK(parse_toml("a = 1\nb" + letter + " = 1\n", "f.toml").error.find("f.toml:2:1: only strings") == 0);
    for (const std::string& fine : std::vector<std::string>{
             "a = \"" + letter + "\"", "a = '" + letter + "'", "# " + letter, "a = 1 # it's " + letter,
             "\"" + letter + "\" = 1", "a = \"\"\"one\n" + letter + "\"\n\"\"\"\nb = 1"}) {
        CAPTURE(fine);
        CHECK(parse_toml(fine, "f.toml").table);
    }
    CHECK(parse_toml("\xef\xbb\xbf"
                     "a = 1",
                     "f.toml")
              .table);
}
