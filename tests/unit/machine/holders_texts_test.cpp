// Texts as Linux 6.18 wrote them.
#include "controller/machine/holders/parse.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::machine;

TEST_CASE("a mapping is told by its device, not by its path", "[holders]") {
    const char* maps =
        "7f0000000000-7f0000001000 r--p 00000000 fe:00 131 /usr/lib/00:33 libc.so\n"
        "7f0000002000-7f0000003000 rw-p 00000000 00:00 0 \n"
        "7f0000004000-7f0000005000 rw-s 00000000 00:33 7 /mnt/a/my file\n";
    CHECK(mapped_path(maps, device_in_maps(0, 0x33)) == "/mnt/a/my file");
    CHECK(mapped_path(maps, device_in_maps(0xfe, 0)) == "/usr/lib/00:33 libc.so");
    CHECK(mapped_path(maps, device_in_maps(0, 0x34)).empty());
    CHECK(mapped_path("", device_in_maps(0, 0x33)).empty());
}

TEST_CASE("/proc/net/unix: what is bound to a path", "[holders]") {
    const auto found = parse_net_unix(
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0000000080e8a358: 00000002 00000000 00010000 0001 01 39062 t/sock\n"
        "00000000b7471e48: 00000003 00000000 00000000 0001 03 39064\n"
        "000000003b9e8ec4: 00000002 00000000 00010000 0001 01 39063 @/tmp/.X11-unix/X0\n"
        "0000000043b15b8f: 00000002 00000000 00010000 0001 01   638 /run/with two  blanks\n");
    REQUIRE(found.size() == 2);
    CHECK(found[0].inode == 39062);
    CHECK(found[0].path == "t/sock");
    CHECK(found[1].inode == 638);
    CHECK(found[1].path == "/run/with two  blanks");
}

TEST_CASE("/proc/swaps: files only", "[holders]") {
    const auto found = parse_swaps(
        "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        "/tmp/run/e/swap                         file\t\t20464\t\t0\t\t-2\n"
        "/dev/zram0                              partition\t20464\t\t0\t\t-3\n"
        "/a/b\\040c\\040(deleted)                  file\t\t20464\t\t0\t\t-4\n");
    REQUIRE(found.size() == 2);
    CHECK(found[0].path == "/tmp/run/e/swap");
    CHECK_FALSE(found[0].deleted);
    CHECK(found[1].path == "/a/b c");
    CHECK(found[1].deleted);
    CHECK(parse_swaps("").empty());
}

TEST_CASE("backing_file of a loop device", "[holders]") {
    CHECK(parse_backing_file("/tmp/my img\n")->path == "/tmp/my img");
    const auto gone = parse_backing_file("/tmp/img (deleted)\n");
    CHECK(gone->path == "/tmp/img");
    CHECK(gone->deleted);
    CHECK_FALSE(parse_backing_file(""));
    CHECK_FALSE(parse_backing_file("\n"));
}

namespace {

std::string shown(const std::vector<overlay_layer>& layers) {
    std::string text;
    for (const auto& l : layers) text += l.role + " " + l.path + "|";
    return text;
}

}  // namespace

TEST_CASE("layers of an overlay", "[holders]") {
    CHECK(shown(parse_overlay_options("rw,lowerdir=/l1:/l2,upperdir=/u,workdir=/w,uuid=on")) ==
          "lowerdir /l1|lowerdir /l2|upperdir /u|workdir /w|");
    CHECK(shown(parse_overlay_options(R"(ro,lowerdir=/a\:b:/c\054d)")) == "lowerdir /a:b|lowerdir /c|");
    CHECK(shown(parse_overlay_options(R"(ro,lowerdir=/a\134:b:/c\134,d)")) == "lowerdir /a:b|lowerdir /c,d|");
    CHECK(shown(parse_overlay_options("ro,lowerdir+=/a:b,lowerdir+=/c,datadir+=/d")) ==
          "lowerdir /a:b|lowerdir /c|datadir /d|");
    CHECK(shown(parse_overlay_options("ro,lowerdir=/l::/data,metacopy=on")) == "lowerdir /l|datadir /data|");
    CHECK(parse_overlay_options("rw,relatime").empty());
}

TEST_CASE("files of an io_uring, and descriptors in flight", "[holders]") {
    const char* ring =
        "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t82952\nSqThreadCpu:\t-1\n"
        "UserFiles:\t3\n    0: /tmp/run/t\n    1: <none>\n    2: /tmp/a\\040b\n"
        "UserBufs:\t1\n    0: 0x7f00/4096\nPollList:\n";
    CHECK(parse_ring_files(ring) == std::vector<std::string>{"/tmp/run/t", "/tmp/a b"});
    CHECK(parse_ring_files("UserFiles:\t0\nUserBufs:\t0\n").empty());
    CHECK(parse_in_flight("pos:\t0\nino:\t39064\nscm_fds: 2\n") == 2);
    CHECK(parse_in_flight("pos:\t0\nino:\t39064\n") == 0);
}
