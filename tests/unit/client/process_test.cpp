#include "controller/client/process.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <unistd.h>

using namespace drainlab::client;
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

TEST_CASE("waiting for a child has a limit", "[process]") {
    child c(7);
    CHECK_FALSE(wait_child(c.pid, 10ms).has_value());
    close(c.pipe_end);
    const auto status = wait_child(c.pid, 10s);
    REQUIRE(status);
    CHECK(shell_status(*status) == 7);
}

TEST_CASE("a killed child counts as 128 and the signal", "[process]") {
    child c(0);
    kill(c.pid, SIGKILL);
    CHECK(shell_status(wait_child(c.pid, 10s).value()) == 137);
    close(c.pipe_end);
}

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
    wait_child(c.pid, 10s);
    CHECK_FALSE(start_time(c.pid));
    CHECK(wait_gone(c.pid, 0ms));
}
