// The modelled machine's figures by name.
#include "controller/sim/machine_keys.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;

namespace {

std::string refusal(const std::string& key, const std::string& value, sim::machine_options m = {}) {
    const auto r = sim::set_key(m, key, value);
    REQUIRE_FALSE(r);
    CHECK(r.error().exit == words::exit_code::usage);
    return r.error().message;
}

}  // namespace

TEST_CASE("load and profile are set by the names of their keys", "[keys]") {
    sim::machine_options m;
    for (const auto& [key, value] : {std::pair{"superblocks", "7"},
                                     {"burners", "8"},
                                     {"inodes", "9"},
                                     {"writes", "10"},
                                     {"generation_ms", "11"},
                                     {"hz", "250"},
                                     {"device_latency", "3ms"}})
        REQUIRE(sim::set_key(m, key, value));
    CHECK(m.superblocks == 7);
    CHECK(m.burners == 8);
    CHECK(m.inodes == 9);
    CHECK(m.writes == 10);
    CHECK(m.generation_ms == 11);
    CHECK(m.profile.hz == 250);
    CHECK(m.profile.device_latency == std::chrono::milliseconds{3});
}

TEST_CASE("beyond 16 CPUs the grace-period thread does not wake synchronize_rcu(), unless that is set itself",
          "[keys]") {
    sim::machine_options m;
    REQUIRE(sim::set_key(m, "wake_from_gp", "true"));
    REQUIRE(sim::set_key(m, "cpus", "16"));
    CHECK(m.profile.wake_from_gp);
    REQUIRE(sim::set_key(m, "cpus", "17"));
    CHECK_FALSE(m.profile.wake_from_gp);
    REQUIRE(sim::set_key(m, "wake_from_gp", "true"));
    CHECK(m.profile.wake_from_gp);
}

TEST_CASE("a value that a key cannot have is refused with what it may be", "[keys]") {
    CHECK(refusal("inodes", "-1") == "inodes=-1: \"inodes\" must be a whole number up to 10000000");
    CHECK(refusal("burners", "100001") == "burners=100001: \"burners\" must be a whole number up to 100000");
    CHECK(refusal("writes", "2x") == "writes=2x: \"writes\" must be a whole number up to 1000000");
    CHECK(refusal("hz", "9").starts_with("hz=9: \"hz\" must be an integer from 10 to 2000"));
    CHECK(refusal("wake_from_gp", "yes").starts_with("wake_from_gp=yes: \"wake_from_gp\" must be "));
    CHECK(refusal("device_latency", "fast").starts_with("device_latency=fast: \"device_latency\" must be "));
    CHECK(refusal("umount_before_call", "nan").starts_with("umount_before_call=nan: "));
}

TEST_CASE("figures that do not go together are refused", "[keys]") {
    sim::machine_options m;
    m.profile.umount_in_shutdown = 0;
    REQUIRE(sim::set_key(m, "umount_before_call", "0.75"));
    REQUIRE(sim::set_key(m, "umount_in_shutdown", "0.25"));
    CHECK(refusal("umount_in_shutdown", "0.4", m) ==
          "umount_in_shutdown=0.4: umount_before_call and umount_in_shutdown are together at most 1");
}

TEST_CASE("what is no key is refused, with the nearest that is one", "[keys]") {
    sim::machine_options m;
    const auto near = sim::set_key(m, "superblock", "1");
    REQUIRE_FALSE(near);
    CHECK(near.error().message == "unknown key 'superblock' of a machine");
    CHECK(near.error().hint == "did you mean 'superblocks'?");
    const auto far = sim::set_key(m, "colour of the box", "1");
    REQUIRE_FALSE(far);
    CHECK(far.error().hint.starts_with("known: "));
    CHECK(far.error().hint.find("generation_ms") != std::string::npos);
    CHECK(refusal("zero", "true") == "unknown key 'zero' of a machine");
}
