#include "fusefs/input/json.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::input;

namespace {
std::string nested(std::size_t depth, const std::string& open, const std::string& close) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text;
}
}  // namespace

TEST_CASE("JSON is read to the depth that is allowed, and no deeper", "[input]") {
    CHECK(parse_json(nested(deepest_json, "[", "]")).value);
    CHECK_FALSE(parse_json(nested(deepest_json + 1, "[", "]")).value);
    CHECK(parse_json(nested(90'000, "{\"a\":", "1}")).error == "line 1, column 321: more than 64 levels of nesting");
    CHECK_FALSE(parse_json(std::string(1'000'000, '[')).value);
}

TEST_CASE("brackets in strings do not count as levels", "[input]") {
    CHECK(parse_json("[\"" + std::string(1000, '[') + "\"]").value);
    CHECK(parse_json(R"(["\"[[[[", "\\"])", 1).value);
}

TEST_CASE("a mistake is named by line and column", "[input]") {
    CHECK(parse_json("{\n  \"a\": x\n}").error.find("line 2, column") == 0);
    CHECK_FALSE(parse_json("").value);
    CHECK_FALSE(parse_json("{} x").value);
}

TEST_CASE("ill-formed UTF-8 is a mistake like any other", "[input]") {
    CHECK_FALSE(parse_json("{\"dir\":\"/tmp/\xff\"}").value);
    CHECK_FALSE(parse_json("\xc3").value);
}
