#include "fusefs/profile/load.hpp"

#include "fusefs/profile/keys.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace drainlab::profile;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> shipped{DRAINLAB_SOURCE_DATA};

std::string error_of(const std::string& text) {
    const auto r = parse_profile(text, "my.toml");
    REQUIRE_FALSE(r);
    return r.error;
}

}  // namespace

TEST_CASE("every shipped profile loads by name and by file", "[profile]") {
    const auto names = profile_names(shipped);
    CHECK(names == std::vector<std::string>{"lab-4vcpu", "qemu-16vcpu", "rt-8cpu", "zero"});
    for (const auto& name : names) {
        const auto by_name = load_profile(name, shipped);
        INFO(by_name.error);
        REQUIRE(by_name);
        CHECK(by_name.value->name == name);
        CHECK(by_name.value->zero == (name == "zero"));
        const auto by_file = load_profile(std::string{DRAINLAB_SOURCE_DATA} + "/profiles/" + name + ".toml", {});
        REQUIRE(by_file);
        CHECK(by_file.value->cpus == by_name.value->cpus);
    }
    CHECK(load_profile("rt-8cpu", shipped).value->rcu_normal);
    CHECK(load_profile("lab-4vcpu", shipped).value->hz == 250);
}

TEST_CASE("what is not written keeps its default", "[profile]") {
    const auto r = parse_profile("hz = 100\ncpus = 2\ngp_init = \"1.5ms\"\novercommit = 2\n", "dir/mine.toml");
    REQUIRE(r);
    CHECK(r.value->name == "mine");
    CHECK_FALSE(r.value->zero);
    CHECK(r.value->hz == 100);
    CHECK(r.value->tick() == 10ms);
    CHECK(r.value->gp_init == 1500us);
    CHECK(r.value->overcommit == 2.0);
    CHECK(r.value->blimit == 10);
}

TEST_CASE("a mistake is named with file, line, column, key and what would be right", "[profile]") {
    CHECK(error_of("hz = 250\ncpus = 4\nblimt = 20\n") ==
          "my.toml:3:1: unknown key \"blimt\" (did you mean \"blimit\"?)");
    CHECK(error_of("hz = \"fast\"\ncpus = 4\n") ==
          "my.toml:1:6: \"hz\" must be an integer from 10 to 2000, not \"fast\"");
    CHECK(error_of("hz = 250\ncpus = 0\n") == "my.toml:2:8: \"cpus\" must be an integer from 1 to 4096, not 0");
    CHECK(error_of("cpus = 4\n") == "my.toml: \"hz\" is missing: it must be an integer from 10 to 2000");
    CHECK(error_of("hz = 250\ncpus = 4\ngp_init = 5\n") ==
          "my.toml:3:11: \"gp_init\" must be a duration from \"0us\" to \"100ms\" (units ns, us, ms, s), not 5");
    CHECK(error_of("hz = 250\ncpus = 4\novercommit = 0.5\n") ==
          "my.toml:3:14: \"overcommit\" must be a number from 1 to 64, not 0.5");
    CHECK(error_of("hz = 2000\ncpus = 4\ntick_jitter = \"500us\"\nzero = 1\n") ==
          "my.toml:4:8: \"zero\" must be true or false, not 1");
    CHECK(error_of("hz = 250\ncpus = 4\nxyzzy_gibberish = 1\n").find("the keys are: zero hz cpus") !=
          std::string::npos);
    const auto syntax = error_of("hz = 250\ncpus = = 4\n");
    CHECK(syntax.substr(0, 10) == "my.toml:2:");
    CHECK(error_of("hz = 250\nhz = 100\n").substr(0, 10) == "my.toml:2:");
}

TEST_CASE("an unknown name gets the nearest one and the list", "[profile]") {
    const auto r = load_profile("qemu-16cpu", shipped);
    REQUIRE_FALSE(r);
    CHECK(r.error ==
          "no profile \"qemu-16cpu\" (did you mean \"qemu-16vcpu\"?); there are: lab-4vcpu qemu-16vcpu rt-8cpu zero");
    CHECK(load_profile("./nowhere.toml", shipped).error == "./nowhere.toml: cannot be read: No such file or directory");
    CHECK(load_profile("/tmp/", shipped).error == "/tmp/: is a directory; a regular file is expected");
    CHECK_FALSE(load_profile("", shipped));
}

TEST_CASE("durations have a unit and are never negative", "[profile]") {
    drainlab::kernel::nanoseconds d{};
    CHECK(parse_duration("20us", d));
    CHECK(d == 20us);
    CHECK(parse_duration("0.25ms", d));
    CHECK(d == 250us);
    CHECK(parse_duration("0ns", d));
    for (const auto* bad : {"", "5", "us", "-1us", "5 us", "5m", "nanus", "inf s", "1e30s", "-0us"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_duration(bad, d));
    }
}
