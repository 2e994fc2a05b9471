#include "workloads/guest/json_line.hpp"

#include <catch2/catch.hpp>

using drainlab::guest::json_line;

TEST_CASE("a line of the protocol is one JSON object", "[guest]") {
    CHECK(json_line("sample").number("i", -3).boolean("fine", true).text("scenario", "own_churn").str() ==
          R"({"what":"sample","i":-3,"fine":true,"scenario":"own_churn"})");
    CHECK(json_line("policy").texts("calls", {"a", "b"}).texts("none", {}).str() ==
          R"({"what":"policy","calls":["a","b"],"none":[]})");
}

TEST_CASE("text of a broken machine cannot break a line", "[guest]") {
    CHECK(json_line("error").text("text", "a\"b\\c\nd\x01\xff").str() ==
          "{\"what\":\"error\",\"text\":\"a\\\"b\\\\c\\u000ad\\u0001?\"}");
}
