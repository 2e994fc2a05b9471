#include "fusefs/gate/mountinfo.hpp"

#include <catch2/catch.hpp>

#include <sys/sysmacros.h>

using namespace drainlab::gate;

TEST_CASE("mountinfo is read line by line", "[gate]") {
    const auto lines = parse_mountinfo(
        "22 27 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
        "180 27 0:45 / /tmp/with\\040space\\134 rw,nosuid - fuse.drainfs my\\040name rw,user_id=0\n"
        "a line that is none\n"
        "181 27 0:46 / /no/dash rw\n"
        "182 27 0:300 /sub /bind rw master:1 propagate_from:2 - ext4 /dev/vda rw");
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].dir == "/sys");
    CHECK(lines[0].fstype == "sysfs");
    CHECK(lines[1].id == 180);
    CHECK(lines[1].dir == "/tmp/with space\\");
    CHECK(lines[1].fstype == "fuse.drainfs");
    CHECK(lines[1].source == "my name");
    CHECK(lines[1].dev == makedev(0, 45));
    CHECK(lines[2].dev == makedev(0, 300));
}

TEST_CASE("our own mount table is readable and / has an id", "[gate]") {
    CHECK_FALSE(read_mountinfo().empty());
    CHECK(mounted_devices().size() >= 1);
    const auto id = unique_mount_id("/proc");
    if (id != 0) CHECK(id != unique_mount_id("/"));
    CHECK(unique_mount_id("/no/such/dir") == 0);
    if (id != 0) CHECK(is_still_mounted(id));
    if (id != 0) CHECK_FALSE(is_still_mounted(id + 1'000'000'000));
}
