#include "fusefs/os/process_identity.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <csignal>
#include <unistd.h>

using namespace drainlab::os;

namespace {

pid_t sleeper() {
    const pid_t child = fork();
    if (child == 0)
        for (;;) pause();
    return child;
}

}  // namespace

TEST_CASE("we are alive, and one who began at another time is somebody else", "[process_identity]") {
    auto me = this_process();
    CHECK(me.pid == getpid());
    CHECK(is_alive(me) == true);
    CHECK(parent_of_process(getpid()) == getppid());
    ++me.start_time;
    CHECK(is_alive(me) == false);
    CHECK_FALSE(send_signal(me, SIGKILL));
}

TEST_CASE("a process of another pid namespace may be alive", "[process_identity]") {
    auto other = this_process();
    other.pid = 1 << 22;
    CHECK(is_alive(other) == false);
    ++other.pid_namespace;
    CHECK_FALSE(is_alive(other).has_value());
    CHECK_FALSE(send_signal(other, SIGKILL));
}

TEST_CASE("nobody is alive from before the machine was started", "[process_identity]") {
    auto me = this_process();
    if (me.boot.empty()) return;
    me.boot = "another";
    CHECK(is_alive(me) == false);
}

TEST_CASE("a name tells whose it is", "[process_identity]") {
    const auto me = this_process();
    const auto back = from_name("drainlab-" + to_word(me) + "-7", "drainlab-");
    CHECK(back.pid == me.pid);
    CHECK(is_alive(back) == true);
    for (const char* name : {"drainlab-12-7", "drainlab-12-3-4", "drainlab-12-3-x-7", "other-1-2-3-4",
                             "drainlab--1-2-3-4", "drainlab-1-2-0-x", ""}) {
        CAPTURE(name);
        CHECK(from_name(name, "drainlab-").pid == 0);
    }
}

TEST_CASE("a signal meets the one it is meant for", "[process_identity]") {
    const pid_t pid = sleeper();
    const auto who = identify_process(pid);
    CHECK(who.pid == pid);
    CHECK(is_alive(who) == true);
    CHECK(send_signal(who, SIGKILL));
    siginfo_t info{};
    REQUIRE(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    CHECK(is_alive(who) == false);  // ended, though not reaped
    CHECK(identify_process(pid).pid == 0);
    waitpid(pid, nullptr, 0);
    CHECK_FALSE(send_signal(who, SIGTERM));
    CHECK(is_alive({}) == false);
}
