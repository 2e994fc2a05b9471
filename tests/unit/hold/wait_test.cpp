#include "controller/hold/wait.hpp"

#include "controller/machine/child.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <unistd.h>

using namespace drainlab;
using namespace std::chrono_literals;

TEST_CASE("the end of a process is seen, and the process is left to be reaped", "[hold]") {
    auto c = machine::child::start({.words = {"true"}});
    REQUIRE(c);
    CHECK(hold::wait_for_end({c.value().pidfd()}, 30s));
    CHECK(c.value().wait(0ms).has_value());
}

TEST_CASE("no time is no time, with somebody alive", "[hold]") {
    auto c = machine::child::start({.words = {"cat"}}, [] { return pause(); });
    REQUIRE(c);
    CHECK_FALSE(hold::wait_for_end({c.value().pidfd()}, 0ns));
}

TEST_CASE("a signal that ends programs ends the wait, and nothing else of us", "[hold]") {
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    raise(SIGTERM);  // pending
    CHECK_FALSE(hold::wait_for_end({}, 30s));
    sigset_t pending;
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGTERM) == 0);  // it was taken
    sigset_t now;
    sigprocmask(SIG_SETMASK, &before, &now);
    CHECK(sigismember(&now, SIGTERM) == 1);  // the mask is as it was
}
