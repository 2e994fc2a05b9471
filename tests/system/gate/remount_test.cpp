// Who else needs s_umount gets it.
#include "tests/system/gate/daemon.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace gate_test;
using namespace std::chrono_literals;

// -i: mount(8) makes the call itself, instead of asking an installed drainfs (see mount_helper.hpp).
TEST_CASE("a remount gets through, and the gate closes behind it", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a"), file = dir + "/file";
    CHECK(run({"mount", "-i", "-o", "remount,ro", dir}).code == 0);
    CHECK(open(file.c_str(), O_CREAT | O_WRONLY, 0600) == -1);
    CHECK(errno == EROFS);
    CHECK(run({"mount", "-i", "-o", "remount,rw", dir}).code == 0);
    const int fd = open(file.c_str(), O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0);
    close(fd);
    CHECK(d.facts("a").state == "live");
    CHECK(run({"sync"}).code == 0);

    const auto o = run_umount2(dir, 0);
    CHECK(o.code == 0);
    CHECK(o.took >= 200ms);
    CHECK(d.wait("a", "dead").violations == 0);
}

// New mounts through the helper: tests/system/cli/mount8.sh, with a socket of their own.
TEST_CASE("the mount helper remounts a drainfs and nothing else, and answers with mount(8)'s codes", "[gate]") {
    test_daemon d;
    const std::string ours = d.mount("a"), other = d.dir() + "/other";
    const auto remount = [](const std::string& dir, const std::string& options) {
        return run({DRAINLAB_BIN "/drainfs", "a", dir, "-o", "remount," + options}).code;
    };
    REQUIRE(mkdir(other.c_str(), 0700) == 0);
    REQUIRE(run({"mount", "-i", "-t", "tmpfs", "tmpfs", other}).code == 0);

    CHECK(remount(ours, "nonsense") == 1);
    CHECK(remount(ours + "/file", "ro") == 32);
    CHECK(remount(other, "ro") == 32);
    CHECK(access(other.c_str(), W_OK) == 0);
    CHECK(remount(d.dir(), "ro") == 32);
    CHECK(remount(ours, "ro") == 0);
    CHECK(access(ours.c_str(), W_OK) == -1);
    CHECK(errno == EROFS);

    CHECK(run_umount2(other, 0).code == 0);
    CHECK(run_umount2(ours, 0).code == 0);
    CHECK(d.wait("a", "dead").violations == 0);
}
