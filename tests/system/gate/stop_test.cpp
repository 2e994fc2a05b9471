// A gate that is stopped, continued or debugged holds again, and what it did not hold meanwhile is said so.
#include "tests/system/gate/daemon.hpp"

#include <catch2/catch.hpp>

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

using namespace gate_test;
using namespace std::chrono_literals;

namespace {

/// Waits until the mount says so; false after ten seconds.
bool says(test_daemon& d, const std::string& name, const std::string& umount_wait) {
    for (int i = 0; i < 1000; ++i, usleep(10'000))
        if (d.facts(name).umount_wait == umount_wait) return true;
    return false;
}

}  // namespace

TEST_CASE("a gate that was stopped for a moment holds the next unmount", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a");
    REQUIRE(d.facts("a").umount_wait == "gate");
    kill(d.gate_pid(), SIGSTOP);
    CHECK(says(d, "a", "api"));
    kill(d.gate_pid(), SIGCONT);
    REQUIRE(says(d, "a", "gate"));
    const auto o = run_umount2(dir, 0);
    CHECK(o.code == 0);
    CHECK(o.took >= 200ms);
    CHECK(d.wait("a", "dead").umount_wait == "gate");
}

TEST_CASE("a gate in a debugger's hands holds again when it is let go", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a");
    const pid_t gate = d.gate_pid();
    if (ptrace(PTRACE_SEIZE, gate, nullptr, nullptr) != 0) return;  // not permitted here
    CHECK(ptrace(PTRACE_INTERRUPT, gate, nullptr, nullptr) == 0);
    int status = 0;
    CHECK(waitpid(gate, &status, __WALL) == gate);
    CHECK(ptrace(PTRACE_DETACH, gate, nullptr, nullptr) == 0);
    REQUIRE(says(d, "a", "gate"));
    CHECK(run_umount2(dir, 0).took >= 200ms);
}

TEST_CASE("a daemon stopped for twelve seconds in mid-drain goes on, and so does the unmount", "[gate][slow]") {
    test_daemon d;
    const std::string dir = d.mount("a", 2000ms);
    const pid_t daemon = d.pid();
    const child stopper{[&] {
        d.wait("a", "drain_begins");
        kill(daemon, SIGSTOP);
        sleep(12);
        kill(daemon, SIGCONT);
    }};
    const auto o = run_umount2(dir, 0);
    CHECK(o.code == 0);
    CHECK(o.took >= 2000ms);
    const auto f = d.wait("a", "dead");
    CHECK(f.umount_wait == "gate");
    CHECK(f.drained != 0);
    CHECK(kill(daemon, 0) == 0);
}

TEST_CASE("an unmount that a stopped gate did not hold is marked as such", "[gate]") {
    test_daemon d;
    const std::string dir = d.mount("a", 1000ms);
    const pid_t gate = d.gate_pid();
    kill(gate, SIGSTOP);
    CHECK(says(d, "a", "api"));
    const auto o = run_umount2(dir, 0);
    CHECK(o.code == 0);
    CHECK(o.took < 1000ms);
    kill(gate, SIGCONT);
    CHECK(d.wait("a", "dead").umount_wait == "api");
    const std::string next = d.mount("b");
    CHECK(run_umount2(next, 0).took >= 200ms);
    CHECK(d.wait("b", "dead").umount_wait == "gate");
}
