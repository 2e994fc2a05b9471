// Nobody stays stuck, whoever dies.
#include "tests/system/gate/daemon.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/wait.h>

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <unistd.h>

using namespace gate_test;
using namespace std::chrono_literals;

namespace {

bool in_mounts(const std::string& dir) {
    std::ifstream mounts{"/proc/self/mounts"};
    for (std::string line; std::getline(mounts, line);)
        if (line.find(dir) != std::string::npos) return true;
    return false;
}

}  // namespace

TEST_CASE("the gate is killed in mid-drain: the unmount goes on, and a new gate holds the next one", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a", 20'000ms);
    const pid_t first = d.gate_pid();
    const child killer{[&] {
        d.wait("a", "drain_begins");
        kill(first, SIGKILL);
    }};
    const auto o = run({"umount", dir});
    CHECK(o.code == 0);
    CHECK(d.facts("a").drained == 0);
    d.request("DELETE", "/mounts/a/hold");
    d.request("PATCH", "/mounts/a", R"({"umount_delay_ms":0})");
    CHECK(d.wait("a", "dead").dead != 0);

    const std::string next = d.mount("b");
    CHECK(d.gate_pid() != first);
    CHECK(run_umount2(next, 0).took >= 200ms);
}

TEST_CASE("the daemon is killed in mid-drain: everybody is free at once", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a", 30'000ms), other = d.mount("b");
    const pid_t victim = d.pid(), gate = d.gate_pid();
    const child killer{[&] {
        d.wait("a", "drain_begins");
        kill(victim, SIGKILL);
    }};
    const auto o = run({"umount", dir});
    CHECK(o.took < 20s);
    CHECK(WTERMSIG(d.wait_for_end(10s)) == SIGKILL);
    for (int i = 0; i < 100 && kill(gate, 0) == 0 && anyone_stuck("drainfs-gate"); ++i) usleep(20'000);
    CHECK_FALSE(anyone_stuck("drainfs-gate"));
    CHECK_FALSE(anyone_stuck(dir));

    SECTION("and the next start on the socket unmounts what it left") {
        CHECK(in_mounts(other));
        d.start();
        CHECK_FALSE(in_mounts(other));
        CHECK(run_umount2(d.mount("c"), 0).took >= 200ms);
    }
}

// Stopped, it may come back: it has twenty seconds.
TEST_CASE("a daemon stopped in mid-drain is killed by the gate", "[gate][slow]") {
    test_daemon d;
    const std::string dir = d.mount("a", 60'000ms);
    const pid_t victim = d.pid();
    const child stopper{[&] {
        d.wait("a", "drain_begins");
        kill(victim, SIGSTOP);
    }};
    const auto o = run({"umount", dir});
    CHECK(o.code == 0);
    CHECK(o.took > 15s);
    CHECK(o.took < 39s);
    CHECK(WTERMSIG(d.wait_for_end(10s)) == SIGKILL);
}

TEST_CASE("told to end, the daemon unmounts, drains, and detaches what is held", "[gate]") {
    test_daemon d;
    const std::string free = d.mount("free", 300ms), held = d.mount("held", 0ms);
    const int fd = open(held.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    kill(d.pid(), SIGTERM);
    const int status = d.wait_for_end(10s);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 1);
    CHECK_FALSE(in_mounts(d.dir()));
    CHECK(faccessat(fd, "x", F_OK, 0) == -1);
    CHECK(errno == ENOTCONN);
    CHECK(access((d.dir() + "/d.sock").c_str(), F_OK) == -1);
    CHECK(access((d.dir() + "/d.state").c_str(), F_OK) == -1);
    close(fd);
}
