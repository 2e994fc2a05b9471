// An event as one line of JSON.
#include "fusefs/trace/event.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::trace;

namespace {

event bare() {
    event e;
    e.t_ns = 17;
    e.number = 3;
    e.name = "dead";
    return e;
}

}  // namespace

TEST_CASE("what an event does not have is not in its line", "[trace][json]") {
    CHECK(to_json(bare()) == R"({"t_ns":17,"event":"dead","n":3})");
    auto e = bare();
    e.value1 = 5;  // of no key
    CHECK(to_json(e) == R"({"t_ns":17,"event":"dead","n":3})");
}

TEST_CASE("mount, values and text follow in this order", "[trace][json]") {
    auto e = bare();
    e.mount = "A";
    e.key1 = "in_flight";
    e.value1 = 2;
    e.key2 = "left";
    e.value2 = -9'223'372'036'854'775'807;
    e.text = "it waits";
    CHECK(
        to_json(e) ==
        R"({"t_ns":17,"event":"dead","n":3,"mount":"A","in_flight":2,"left":-9223372036854775807,"text":"it waits"})");
}

TEST_CASE("a mount may have any bytes for a name: they come as \\xNN, and end neither string nor line",
          "[trace][json]") {
    auto e = bare();
    e.mount = "a\"b\\c\n\xff";
    CHECK(to_json(e) == R"({"t_ns":17,"event":"dead","n":3,"mount":"a\"b\\\\c\\x0a\\xff"})");
}

TEST_CASE("a text keeps its backslashes, quoted", "[trace][json]") {
    auto e = bare();
    e.text = "\\x0a of \"A\"";
    CHECK(to_json(e) == R"({"t_ns":17,"event":"dead","n":3,"text":"\\x0a of \"A\""})");
}

TEST_CASE("control characters in names of ours are \\u00NN", "[trace][json]") {
    auto e = bare();
    e.name = std::string{"a\x01\x1f\x7f\t"} + '\0';
    CHECK(to_json(e) == R"({"t_ns":17,"event":"a\u0001\u001f\u007f\u0009\u0000","n":3})");
}
