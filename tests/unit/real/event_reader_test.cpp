#include "controller/real/event_reader.hpp"

#include <catch2/catch.hpp>

using drainlab::real::parse_event;

TEST_CASE("a line of /events is an event with its numbers", "[run]") {
    const auto e =
        parse_event(R"(data: {"t_ns":12,"event":"drain_begins","n":3,"mount":"a b","in_flight":2,"text":"x"})"
                    "\r");
    REQUIRE(e);
    CHECK(e->t_ns == 12);
    CHECK(e->name == "drain_begins");
    CHECK(e->mount == "a b");
    CHECK(e->values == std::vector<std::pair<std::string, std::int64_t>>{{"in_flight", 2}});
}

TEST_CASE("what is no event is passed over", "[run]") {
    for (const char* line : {"", "HTTP/1.1 200 OK", "data:", "data: 7", "data: {\"event\":\"x\"}",
                             "data: {\"t_ns\":\"1\",\"event\":\"x\"}", "data: {\"t_ns\":1,\"event\":2}",
                             "data: {\"t_ns\":1,", ": comment"})
        CHECK_FALSE(parse_event(line));
}
