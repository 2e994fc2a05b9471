#include "fusefs/os/mountinfo.hpp"

#include <catch2/catch.hpp>

#include <sys/sysmacros.h>

#include <fcntl.h>

using namespace drainlab::os;

namespace {

constexpr const char* sample =
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw,errors=remount-ro\n"
    "30 22 0:26 / /mnt rw - tmpfs tmpfs rw\n"
    "41 30 0:51 / /mnt/a\\040b rw,nosuid,nodev master:1 propagate_from:2 - fuse.drainfs web\\0341 "
    "rw,user_id=0,group_id=0\n"
    "not a line\n"
    "42 30 0:52 /sub /mnt/a\\040b ro - ext4 /dev/vdb ro\n"
    "43 22 0:53 / /mnta rw - fuse.drainfs  rw\n";

}  // namespace

TEST_CASE("a line of mountinfo is taken apart", "[mountinfo]") {
    const auto mounts = parse_mountinfo(sample);
    REQUIRE(mounts.size() == 5);
    const auto& m = mounts[2];
    CHECK(m.id == 41);
    CHECK(m.parent == 30);
    CHECK(m.dev() == "0:51");
    CHECK(m.dir == "/mnt/a b");
    CHECK(m.fstype == "fuse.drainfs");
    CHECK(m.source == "web\0341");
    CHECK(m.options == "rw,nosuid,nodev");
    CHECK(m.super_options == "rw,user_id=0,group_id=0");
    CHECK(m.ours());
    CHECK_FALSE(mounts[0].ours());
    CHECK(mounts[3].root == "/sub");
}

TEST_CASE("an empty source does not shift the fields", "[mountinfo]") {
    const auto m = parse_mount_line("43 22 0:53 / /mnta rw - fuse.drainfs  rw");
    REQUIRE(m);
    CHECK(m->source.empty());
    CHECK(m->super_options == "rw");
}

TEST_CASE("lines that are none are refused", "[mountinfo]") {
    for (const char* line :
         {"", "x", "1 2 3", "a 1 0:1 / / rw - ext4 s o", "1 1 01 / / rw - ext4 s o", "1 1 0:1 / / rw ext4 s o"}) {
        CAPTURE(line);
        CHECK_FALSE(parse_mount_line(line));
    }
}

TEST_CASE("of two mounts on one directory the later is on top", "[mountinfo]") {
    const auto mounts = parse_mountinfo(sample);
    REQUIRE(mount_at(mounts, "/mnt/a b"));
    CHECK(mount_at(mounts, "/mnt/a b")->id == 42);
    CHECK_FALSE(mount_at(mounts, "/mnt/a"));
}

TEST_CASE("a path belongs to the deepest mount above it", "[mountinfo]") {
    const auto mounts = parse_mountinfo(sample);
    CHECK(mount_containing(mounts, "/etc/passwd")->id == 22);
    CHECK(mount_containing(mounts, "/mnt/x")->id == 30);
    CHECK(mount_containing(mounts, "/mnt/a b/c")->id == 42);
    CHECK(mount_containing(mounts, "/mnta/x")->id == 43);
    CHECK(mount_containing(mounts, "/mntab")->id == 22);
}

TEST_CASE("a device is a number and a text", "[mountinfo]") {
    const auto m = parse_mount_line("182 27 0:300 /sub /bind rw master:1 propagate_from:2 - ext4 /dev/vda rw");
    REQUIRE(m);
    CHECK(m->device() == makedev(0, 300));
    CHECK(m->dev() == "0:300");
}

TEST_CASE("escapes are undone only where they are whole", "[mountinfo]") {
    CHECK(parse_mount_line(R"(1 1 0:1 / /a\040b\134 rw - t s rw)")->dir == "/a b\\");
    CHECK(parse_mount_line(R"(1 1 0:1 / /a\04 rw - t s rw)")->dir == R"(/a\04)");
    CHECK(parse_mount_line(R"(1 1 0:1 / /a\089 rw - t s rw)")->dir == R"(/a\089)");
}

TEST_CASE("our own mount table is readable and / has an id", "[mountinfo]") {
    CHECK_FALSE(read_mountinfo().empty());
    CHECK(mounted_devices().size() >= 1);
    CHECK(read_mountinfo("no such process").empty());
    const auto proc = identify_mount(AT_FDCWD, "/proc");
    CHECK(mounted_devices().contains(proc.dev));
    CHECK(identify_mount(AT_FDCWD, "/no/such/dir").dev == 0);
    if (proc.id == 0) return;  // before Linux 6.8
    CHECK(proc.id != identify_mount(AT_FDCWD, "/").id);
    CHECK(is_still_mounted(proc.id));
    CHECK_FALSE(is_still_mounted(proc.id + 1'000'000'000));
}
