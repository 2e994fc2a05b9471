#include "fusefs/os/mountinfo.hpp"

#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <functional>
#include <sched.h>
#include <thread>
#include <unistd.h>

using namespace drainlab::os;

namespace {

constexpr const char* sample =
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw,errors=remount-ro\n"
    "30 22 0:26 / /mnt rw - tmpfs tmpfs rw\n"
    "41 30 0:51 / /mnt/a\\040b rw,nosuid,nodev master:1 propagate_from:2 - fuse.drainfs web\\0341 "
    "rw,user_id=0,group_id=0\n"
    "not a line\n"
    "42 41 0:52 /sub /mnt/a\\040b ro - ext4 /dev/vdb ro\n"
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
    CHECK_FALSE(mount_containing({}, "/"));
}

TEST_CASE("what is covered or hidden is not reached by its path", "[mountinfo]") {
    // /a/b is ours, then a tmpfs on /a, on it another /a/b of ours, and on that one a tmpfs.
    const auto mounts = parse_mountinfo(
        "1 0 0:1 / / rw - ext4 d rw\n"
        "2 1 0:2 / /a/b rw - fuse.drainfs one rw\n"
        "3 1 0:3 / /a rw - tmpfs t rw\n"
        "4 3 0:4 / /a/b rw - fuse.drainfs two rw\n"
        "5 4 0:5 / /a/b rw - tmpfs t rw\n"
        "6 1 0:6 / /c rw - fuse.drainfs three rw\n");
    const auto on = [&](const char* path) { return mount_containing(mounts, path)->id; };
    CHECK(on("/a/b") == 5);
    CHECK(on("/a/x") == 3);
    CHECK(covering(mounts, mounts[1])->id == 5);
    CHECK(covering(mounts, mounts[3])->id == 5);
    CHECK_FALSE(covering(mounts, mounts[4]));
    CHECK_FALSE(covering(mounts, mounts[5]));
    // Without the tmpfs on /a the first is reached; what hung below it went along.
    CHECK(mount_at(parse_mountinfo("1 0 0:1 / / rw - ext4 d rw\n2 1 0:2 / /a/b rw - fuse.drainfs one rw\n"), "/a/b")
              ->id == 2);
}

TEST_CASE("a root that is mounted over, and a table whose mounts run in a circle", "[mountinfo]") {
    const auto stacked =
        parse_mountinfo("1 1 0:1 / / rw - rootfs r rw\n2 1 0:2 / / rw - ext4 d rw\n3 2 0:3 / /x rw - tmpfs t rw\n");
    CHECK(mount_containing(stacked, "/y")->id == 2);
    CHECK(mount_at(stacked, "/x")->id == 3);
    const auto circle =
        parse_mountinfo("1 0 0:1 / / rw - ext4 d rw\n2 3 0:2 / / rw - t s rw\n3 2 0:3 / / rw - t s rw\n");
    CHECK(mount_containing(circle, "/y")->id == 1);
    // Seen from a chroot the root itself is no mount: the mounts below have parents that are not shown.
    const auto chroot = parse_mountinfo("7 5 0:7 / /proc rw - proc p rw\n8 7 0:8 / /proc/x rw - tmpfs t rw\n");
    CHECK(mount_containing(chroot, "/proc/x/y")->id == 8);
    CHECK_FALSE(mount_containing(chroot, "/etc"));
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
}

namespace {

/// In a mount namespace of its own; false: none may be had.
bool with_own_mounts(const std::function<void(const std::string& dir)>& body) {
    const drainlab::tests::own_folder own;
    bool able = false;
    std::thread{[&] {
        able = unshare(CLONE_FS | CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
        if (able) body(own.dir);
    }}.join();
    return able;
}

bool names(const mount_lines& mounts, const std::string& dir) {
    return std::any_of(mounts->begin(), mounts->end(), [&](const auto& m) { return m.dir == dir; });
}

}  // namespace

TEST_CASE("the table is read again when it has changed, and not before", "[mountinfo]") {
    const bool able = with_own_mounts([](const std::string& dir) {
        const auto before = current_mounts();
        CHECK(current_mounts() == before);
        REQUIRE(mount("none", dir.c_str(), "tmpfs", 0, nullptr) == 0);
        const auto with = current_mounts();
        CHECK(names(with, dir));
        CHECK(current_mounts() == with);
        REQUIRE(umount2(dir.c_str(), MNT_DETACH) == 0);
        CHECK_FALSE(names(current_mounts(), dir));
        CHECK(names(with, dir));  // what was handed out stays as it was
        CHECK_FALSE(names(before, dir));
    });
    if (!able) WARN("skipped: no mount namespace of our own (not root)");
}

TEST_CASE("the current mounts are those that are read", "[mountinfo]") {
    const auto now = current_mounts();
    CHECK_FALSE(now->empty());
    CHECK(now->size() == read_mountinfo().size());
}
