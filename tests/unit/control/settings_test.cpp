// The daemon's command line.
#include "fusefs/control/settings.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>
#include <vector>

using namespace drainlab::control;
using namespace std::chrono_literals;

namespace {

parsed_settings parse(std::vector<std::string> words) {
    words.insert(words.begin(), "drainfs");
    std::vector<char*> argv;
    for (auto& w : words) argv.push_back(w.data());
    return parse_settings(static_cast<int>(argv.size()), argv.data());
}

}  // namespace

TEST_CASE("durations have a unit, or are seconds", "[settings]") {
    CHECK(parse_duration("200ms") == 200ms);
    CHECK(parse_duration("0.5") == 500ms);
    CHECK(parse_duration("2m") == 120s);
    CHECK(parse_duration("0s") == 0ms);
    for (const char* wrong : {"", "ms", "5h", "-1s", "+3", " 3", "inf", "1e3", "25000000", "5 s"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_duration(wrong));
    }
}

TEST_CASE("a daemon needs a socket, and every word has to mean something", "[settings]") {
    const auto fine =
        parse({"--socket", "/d.sock", "--linger", "5s", "--drain-limit", "200ms", "--policy", "persb", "--verbose"});
    REQUIRE(fine.value);
    CHECK(fine.value->socket == "/d.sock");
    CHECK(fine.value->linger == 5s);
    CHECK(fine.value->drain_limit == 200ms);
    CHECK(fine.value->policy == "persb");
    CHECK(fine.value->verbose);
    for (const auto& wrong : std::vector<std::vector<std::string>>{{},
                                                                   {"--socket", "/d", "--identity", "soul"},
                                                                   {"--socket", "/d", "--linger", "soon"},
                                                                   {"--socket", "/d", "--drain-limit", "0"},
                                                                   {"--socket", "/d", "--drain-limit", "61s"},
                                                                   {"--socket", "/d", "--lifeline", "-2"},
                                                                   {"--colour"}}) {
        const auto p = parse(wrong);
        CHECK_FALSE(p.value);
        CHECK(p.exit_code == 2);
    }
    CHECK(parse({"--version"}).exit_code == 0);
    CHECK_FALSE(parse({"--help"}).value);
}

TEST_CASE("the environment says what the command line does not", "[settings]") {
    setenv("DRAINLAB_SOCKET", "/env.sock", 1);
    setenv("DRAINLAB_POLICY", "persb", 1);
    const auto p = parse({"--policy", "base"});
    unsetenv("DRAINLAB_SOCKET");
    unsetenv("DRAINLAB_POLICY");
    REQUIRE(p.value);
    CHECK(p.value->socket == "/env.sock");
    CHECK(p.value->policy == "base");
}
