// What mount(8) passes with -o.
#include "fusefs/control/mount_words.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>

using drainlab::control::parse_mount_words;
using words = std::vector<std::string>;

TEST_CASE("options of mount(8) are told from ours and from those for others", "[mount_words]") {
    std::string unknown;
    const auto w = parse_mount_words(
        R"(rw,nosuid,umount_delay=2s,store="/a,b",x-systemd.requires=foo,noauto,_netdev,allow_other,default_permissions)",
        unknown);
    REQUIRE(w);
    CHECK(!w->remount);
    CHECK(w->generic == words{"rw", "nosuid"});
    CHECK(w->drainctl == words{"--umount-delay=2s", "--store=/a,b", "--allow-other"});
}

TEST_CASE("a remount is flags, the later word wins", "[mount_words]") {
    std::string unknown;
    const auto w = parse_mount_words("remount,ro,noexec,exec", unknown);
    REQUIRE(w);
    CHECK(w->remount);
    CHECK(w->flags == MS_RDONLY);
}

TEST_CASE("what mount(8) hands back from mountinfo when it remounts is the kernel's; our own options are ours",
          "[mount_words]") {
    std::string unknown;
    const auto w =
        parse_mount_words("rw,user_id=0,group_id=0,default_permissions,allow_other,remount,umount_delay=1s", unknown);
    REQUIRE(w);
    CHECK(w->drainctl == words{"--umount-delay=1s"});
}

TEST_CASE("an unknown word is named; a value never makes a word of its own", "[mount_words]") {
    std::string unknown;
    CHECK(!parse_mount_words("ro,nonsense", unknown));
    CHECK(unknown == "nonsense");
    CHECK(!parse_mount_words("=x", unknown));
    const auto w = parse_mount_words("umount_delay=1s=,store=", unknown);
    REQUIRE(w);
    CHECK(w->drainctl == words{"--umount-delay=1s=", "--store="});
    REQUIRE(parse_mount_words("", unknown));
}

TEST_CASE("A fault with commas stands in double quotes, once for each", "[words]") {
    std::string unknown;
    const auto w = drainlab::control::parse_mount_words(R"(fault="op=write,errno=EIO",ro,fault=hang)", unknown);
    REQUIRE(w);
    CHECK(w->drainctl == std::vector<std::string>{"--fault=op=write,errno=EIO", "--fault=hang"});
}
