#include "controller/lab/machine.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::lab;

TEST_CASE("the line that tells most is picked from a console", "[lab][console]") {
    CHECK(telling_line("a\r\nKernel panic - not syncing: x\r\nmore\r\n") == "Kernel panic - not syncing: x");
    CHECK(telling_line("BUG: kernel NULL pointer\nOops: 0\n") == "BUG: kernel NULL pointer");
    CHECK(telling_line("one\ntwo\n\n") == "two");
    CHECK(telling_line("").empty());
}

TEST_CASE("the kernel's complaint is quoted", "[lab][console]") {
    CHECK(busy_inodes_line("[ 1.0] VFS: Busy inodes after unmount of ram8 (ext4)\r\n------------[") ==
          "VFS: Busy inodes after unmount of ram8 (ext4)");
    CHECK(busy_inodes_line("nothing").empty());
}

TEST_CASE("the version of QEMU", "[lab][qemu]") {
    CHECK(version_in("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright") == "10.0.2");
    CHECK(version_in("bash: not found").empty());
}

TEST_CASE("an old QEMU is refused for several CPUs in counted time", "[lab][qemu]") {
    const qemu old{"/usr/bin/q", {}, {}, "7.2.22"};
    const auto refused = check_accelerator(old, accelerator::icount, 4);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().exit == drainlab::client::exit_code::cannot_run);
    CHECK_THAT(refused.error().hint, Catch::Contains("scripts/setup lab"));
    CHECK(check_accelerator(old, accelerator::icount, 1));
    CHECK(check_accelerator(old, accelerator::tcg, 4));
    CHECK(check_accelerator({"q", {}, {}, "10.0.2"}, accelerator::icount, 4));
}
