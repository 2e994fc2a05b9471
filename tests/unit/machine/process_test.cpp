#include "controller/machine/process.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::machine;
using namespace std::chrono_literals;

namespace {

/// A child that ends as told when its pipe closes.
struct child {
    int pipe_end = -1;
    pid_t pid = -1;
    explicit child(int code) {
        int ends[2];
        REQUIRE(pipe(ends) == 0);
        pid = fork();
        if (pid == 0) {
            close(ends[1]);
            char c;
            [[maybe_unused]] const auto n = read(ends[0], &c, 1);
            _exit(code);
        }
        close(ends[0]);
        pipe_end = ends[1];
    }
};

}  // namespace

TEST_CASE("the start time names a process for good", "[process]") {
    const auto mine = start_time(getpid());
    REQUIRE(mine);
    CHECK(start_time(getpid()) == mine);
    child c(0);
    CHECK(start_time(c.pid) >= mine);
    close(c.pipe_end);
    siginfo_t info{};
    REQUIRE(waitid(P_PID, static_cast<id_t>(c.pid), &info, WEXITED | WNOWAIT) == 0);
    CHECK_FALSE(start_time(c.pid));  // a zombie
    waitpid(c.pid, nullptr, 0);
    CHECK_FALSE(start_time(c.pid));
    CHECK(watched_process(c.pid).gone_within(0ms));
}

TEST_CASE("a process is watched, and nobody who has got its number", "[process]") {
    child c(0);
    const auto who = os::identify_process(c.pid);
    const watched_process by_number(c.pid), by_name(who);
    auto another = who;
    another.start_time += 1;
    CHECK(watched_process(another).gone_within(0ms));
    CHECK_FALSE(by_number.gone_within(10ms));
    CHECK_FALSE(by_name.gone_within(0ms));
    close(c.pipe_end);
    CHECK(by_number.gone_within(10s));
    CHECK(by_name.gone_within(10s));
    waitpid(c.pid, nullptr, 0);
}
