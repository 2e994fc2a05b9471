#include "controller/strategy/ground.hpp"

#include "tests/own_folder.hpp"
#include "tests/unit/machine/own_namespace.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab;
using namespace std::chrono_literals;

TEST_CASE("this machine unmounts what is idle, and lazily what is busy", "[strategy]") {
    const tests::own_folder f;
    CHECK(test::in_own_namespace([&] {
              const auto here = strategy::make_real_ground();
              if (here->unmount(f.dir, false) != EINVAL || here->unmount(f / "nowhere", true) != ENOENT) return 1;
              if (::mount("test", f.dir.c_str(), "tmpfs", 0, "size=64k") != 0) return test::cannot_mount;
              const int fd = open((f / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
              if (here->unmount(f.dir, false) != EBUSY || here->unmount(f.dir, true) != 0) return 2;
              here->close_after(fd, 1ns);
              here->wait_closed();
              if (fcntl(fd, F_GETFD) != -1) return 3;
              if (::mount("test", f.dir.c_str(), "tmpfs", 0, "size=64k") != 0) return 4;
              return here->unmount(f.dir, false) == 0 ? 0 : 5;
          }) == 0);
}

TEST_CASE("this machine closes what it was given, at the latest when it goes, and its clock goes on", "[strategy]") {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    {
        const auto here = strategy::make_real_ground();
        const auto before = here->now_ns();
        here->pause(1ns);
        CHECK(here->now_ns() > before);
        here->close_after(ends[0], 1ns);
        here->close_after(ends[1], 0ns);
    }
    CHECK(fcntl(ends[0], F_GETFD) == -1);
    CHECK(fcntl(ends[1], F_GETFD) == -1);
}
