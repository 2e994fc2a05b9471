#include "controller/experiment/scenario.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace drainlab;
using namespace drainlab::experiment;

namespace {

std::string error_of(const std::string& text) {
    const auto s = parse_scenario(text, "s", "s.toml");
    REQUIRE_FALSE(s.has_value());
    CHECK(s.error().exit == exit_code::usage);
    return s.error().message;
}

}  // namespace

TEST_CASE("a scenario file says load, target and expectations", "[scenario]") {
    const auto s = parse_scenario(R"(
title = "eight"
[background]
mounts = 4
burner_writes = 256
[target]
at_once = 8
load = "burner"
burn_ms = 250
in_flight = true
[[expect]]
kind = "p50_ratio"
policy = "base"
against = "persb"
at_least = 5
[[expect]]
kind = "switches"
policies = ["persb"]
producer = "offline"
at_least = 1
)",
                                  "eight", "eight.toml");
    REQUIRE(s.has_value());
    const auto& v = s.value();
    CHECK(v.name == "eight");
    CHECK(v.background.mounts == 4);
    CHECK(v.background.writes == 256);
    CHECK(v.target.at_once == 8);
    CHECK(v.target.load == target_load::burner);
    CHECK(v.target.burn_for == std::chrono::milliseconds{250});
    CHECK(v.target.in_flight);
    REQUIRE(v.expect.size() == 2);
    CHECK(v.expect[0].at_least == 5.0);
    CHECK(v.expect[1].producer == "offline");
}

TEST_CASE("what is wrong in a scenario is named with file, line and column", "[scenario]") {
    CHECK(error_of("title = \n").rfind("s.toml:1:", 0) == 0);
    CHECK(error_of("[background]\nmonts = 4\n") == "s.toml:2:1: unknown key 'monts'");
    CHECK(error_of("[background]\nmounts = -1\n") == "s.toml:2:10: 'mounts' must be a whole number from 0 to 64");
    CHECK(error_of("[target]\nload = 'fire'\n") ==
          "s.toml:2:8: 'load' must be one of none, burner, container, overlay");
    CHECK(error_of("[target]\nin_flight = true\n").find("needs load = \"burner\"") != std::string::npos);
    CHECK(error_of("target = 3\n").find("s.toml:1:10") == 0);
    CHECK(error_of("expect = [1]\n").find("[[expect]]") != std::string::npos);
    CHECK(error_of("[[expect]]\npolicy = 'base'\n").find("needs a 'kind'") != std::string::npos);
    CHECK(error_of("[[expect]]\nkind = 'waited'\npolicies = ['base']\n").find("at_least") != std::string::npos);
}

TEST_CASE("a misspelt key gets the nearest one as hint", "[scenario]") {
    const auto s = parse_scenario("[target]\nat_one = 2\n", "s", "s.toml");
    REQUIRE_FALSE(s.has_value());
    CHECK(s.error().hint == "did you mean 'at_once'?");
}

TEST_CASE("every shipped scenario loads and expects something", "[scenario]") {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(DRAINLAB_SOURCE_DIR "/workloads/scenarios")) {
        CAPTURE(entry.path());
        const auto s = load_scenario(entry.path().string());
        if (!s) FAIL(s.error().message);
        CHECK(s.value().name == entry.path().stem().string());
        CHECK_FALSE(s.value().title.empty());
        CHECK_FALSE(s.value().expect.empty());
        ++count;
    }
    CHECK(count >= 6);
}

TEST_CASE("an overlay needs a background for its upper layer, and only an overlay has its keys", "[scenario]") {
    const auto s = parse_scenario(
        "[background]\nmounts = 2\n[target]\nload = 'overlay'\ndirty_kib = 64\nvolatile = true\n", "s", "s.toml");
    REQUIRE(s);
    CHECK(s.value().target.load == target_load::overlay);
    CHECK(s.value().target.dirty_kib == 64);
    CHECK(s.value().target.is_volatile);
    CHECK_THAT(error_of("[target]\nload = 'overlay'\n"), Catch::Contains("needs [background] mounts"));
    CHECK_THAT(error_of("[target]\nvolatile = true\n"), Catch::Contains("need load = \"overlay\""));
}
