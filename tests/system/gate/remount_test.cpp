// Who else needs s_umount gets it.
#include "tests/system/gate/daemon.hpp"

#include <catch2/catch.hpp>

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

TEST_CASE("mount(8) is told how a new mount is made", "[gate]") {
    test_daemon d;
    CHECK(run({DRAINLAB_BIN "/drainfs", "source", d.dir(), "-o", "ro"}).code == 2);
    CHECK(run({DRAINLAB_BIN "/drainfs", "source", d.dir(), "-o", "remount,nonsense"}).code == 2);
    CHECK(run({DRAINLAB_BIN "/drainfs", "source", d.dir(), "-o", "remount,ro"}).code ==
          32);  // no mount of its own there
}
