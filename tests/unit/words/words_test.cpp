#include "controller/words/words.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using namespace drainlab::words;
using namespace std::chrono_literals;

TEST_CASE("durations are read with their unit", "[words]") {
    CHECK(parse_duration("200ms") == 200ms);
    CHECK(parse_duration("5s") == 5s);
    CHECK(parse_duration("2m") == 2min);
    CHECK(parse_duration("1h") == 1h);
    CHECK(parse_duration("10us") == 10us);
    CHECK(parse_duration("7ns") == 7ns);
    CHECK(parse_duration("0") == 0s);
}

TEST_CASE("a bare number is seconds, fractions included", "[words]") {
    CHECK(parse_duration("3") == 3s);
    CHECK(parse_duration("1.5") == 1500ms);
    CHECK(parse_duration(".25s") == 250ms);
}

TEST_CASE("what is no duration is refused", "[words]") {
    for (const char* text :
         {"", " 5s", "5 s", "-5s", "+5s", "5x", "5sec", "s", "1e3", "0x10", "nan", "inf", "5s5", "99999999999h", "."}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text).has_value());
    }
}

TEST_CASE("durations are shown in the largest unit that keeps them short", "[words]") {
    CHECK(show_duration(0s) == "0s");
    CHECK(show_duration(200ms) == "200ms");
    CHECK(show_duration(1500ms) == "1.5s");
    CHECK(show_duration(60s) == "60s");
    CHECK(show_duration(5min) == "5m");
    CHECK(show_duration(42us) == "42us");
}

TEST_CASE("what show_duration writes parse_duration reads, to four digits", "[words]") {
    CHECK(rc::check([](std::uint64_t any) {
        const duration d(static_cast<std::int64_t>(any % 1'000'000'000'000'000));
        const auto again = parse_duration(show_duration(d));
        RC_ASSERT(again.has_value());
        RC_ASSERT(std::abs(static_cast<double>((*again - d).count())) <= static_cast<double>(d.count()) * 1e-3);
    }));
}

TEST_CASE("a near word is suggested, a far one is not", "[words]") {
    const std::vector<std::string> known{"none", "base", "race", "rmbarrier", "persb", "persb_2019"};
    CHECK(nearest("rcae", known) == "race");
    CHECK(nearest("bsae", known) == "base");
    CHECK(nearest("rm", known) == "rmbarrier");
    CHECK(nearest("persbb", known) == "persb");
    CHECK_FALSE(nearest("zzz", known).has_value());
    CHECK_FALSE(nearest("", known).has_value());
    CHECK_FALSE(nearest("race", {}).has_value());
}
