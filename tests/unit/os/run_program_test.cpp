#include "fusefs/os/run_program.hpp"

#include "fusefs/os/unique_fd.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using drainlab::os::run_program;
using namespace std::chrono_literals;

TEST_CASE("A program's end, and what it said", "[run_program]") {
    const auto fine = run_program({.words = {"sh", "-c", "exit 0"}});
    CHECK((fine.error == 0 && fine.status == 0 && fine.said.empty()));
    const auto bad = run_program({.words = {"sh", "-c", "echo $what >&2; exit 3"}, .environment = {"what=broken"}});
    CHECK(bad.error == 0);
    CHECK(WEXITSTATUS(bad.status) == 3);
    CHECK(bad.said == "broken");
    CHECK(run_program({.words = {"/no-such-program"}}).error == ENOENT);  // PATH may name what we may not enter
}

TEST_CASE("What it says beyond 4 KiB is not kept, and does not stop it", "[run_program]") {
    const auto end = run_program({.words = {"sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x >&2"}});
    CHECK(end.status == 0);
    CHECK(end.said.size() == 4096);
}

TEST_CASE("It is given a descriptor", "[run_program]") {
    int pair[2];
    REQUIRE(::pipe2(pair, O_CLOEXEC) == 0);
    const drainlab::os::unique_fd out{pair[0]}, in{pair[1]};
    CHECK(run_program({.words = {"sh", "-c", "printf hello >&3"}, .descriptor = in.get()}).status == 0);
    char text[8]{};
    CHECK(::read(out.get(), text, sizeof text) == 5);
}

TEST_CASE("One that does not end in time is killed, with its children", "[run_program]") {
    int pair[2];
    REQUIRE(::pipe2(pair, O_CLOEXEC) == 0);
    const drainlab::os::unique_fd out{pair[0]};
    drainlab::os::unique_fd in{pair[1]};
    const auto end = run_program(
        {.words = {"sh", "-c", "echo waiting >&2; sleep 1000 & sleep 1000"}, .descriptor = in.get(), .limit = 300ms});
    CHECK(end.error == ETIMEDOUT);
    CHECK(end.said == "waiting");
    in.reset();
    pollfd last{out.get(), POLLIN, 0};
    CHECK(::poll(&last, 1, 10'000) == 1);  // nobody has the other end any more
    CHECK((last.revents & POLLHUP) != 0);
}
