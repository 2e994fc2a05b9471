// A mount's options as -o takes them.
#include "controller/cli/mount_text.hpp"

#include "controller/cli/fault_rule.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using drainlab::cli::mount_text;
using nlohmann::json;

TEST_CASE("policy and profile are always said, the rest where it was asked for", "[mount_text]") {
    const json plain = {{"policy", "base"},        {"profile", "zero"},    {"umount_delay_ms", 0}, {"store", nullptr},
                        {"faults", json::array()}, {"page_cache", "drop"}, {"umount_wait", "gate"}};
    CHECK(mount_text(plain) == "policy=base,profile=zero");
    json full = plain;
    full.update({{"umount_delay_ms", 1500},
                 {"store", "/a,b"},
                 {"page_cache", "keep"},
                 {"umount_wait", "api"},
                 {"lose_unsynced", true},
                 {"allow_other", true},
                 {"device", {{"latency_us", 2'000'000}}},
                 {"options", {"ro", "nosuid"}}});
    CHECK(mount_text(full) ==
          "policy=base,profile=zero,umount_delay=1500ms,device_latency=2s,store=\"/a,b\",page_cache=keep,"
          "umount_wait=api,lose_unsynced,allow_other,ro,nosuid");
}

TEST_CASE("a fault is said in the words that make it again", "[mount_text]") {
    const json asked = {{"op", {"write", "fsync"}},
                        {"path", "*.log"},
                        {"delay_us", 1'500},
                        {"hang", true},
                        {"limit_ms", 2'000},
                        {"errno", "EIO"},
                        {"torn_write", nullptr},
                        {"drop_fsync", false},
                        {"probability", 0.25},
                        {"seed", 7},
                        {"times", 3},
                        {"after", 2},
                        {"pid", nullptr},
                        {"cgroup", nullptr}};
    const json mount = {{"policy", "p"}, {"profile", "q"}, {"faults", {{{"name", "f"}, {"asked", asked}}}}};
    const std::string text = mount_text(mount);
    const std::string prefix = "policy=p,profile=q,fault=\"";
    REQUIRE(text.starts_with(prefix));
    const auto rule =
        drainlab::cli::parse_fault_rule("--fault", text.substr(prefix.size(), text.size() - prefix.size() - 1));
    REQUIRE(rule);
    CHECK(rule.value() == json{{"op", {"write", "fsync"}},
                               {"name", "f"},
                               {"path", "*.log"},
                               {"delay_us", 1'500},
                               {"hang", true},
                               {"limit_ms", 2'000},
                               {"errno", "EIO"},
                               {"probability", 0.25},
                               {"seed", 7},
                               {"times", 3},
                               {"after", 2}});
}
