#include "controller/cli/foreground.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <unistd.h>

using namespace drainlab::cli;
using namespace std::chrono_literals;

TEST_CASE("a command's end is told as a shell tells it", "[foreground]") {
    foreground f;
    CHECK(f.run({"true"}, std::nullopt).value() == 0);
    CHECK(f.run({"sh", "-c", "exit 42"}, std::nullopt).value() == 42);
    CHECK(f.run({"sh", "-c", "kill -TERM $$"}, std::nullopt).value() == 143);
    CHECK(f.run({"/nonexistent/command"}, std::nullopt).value() == 127);
    CHECK(f.run({"/"}, std::nullopt).value() == 126);
}

TEST_CASE("a command that takes too long is ended", "[foreground]") {
    foreground f;
    CHECK(f.run({"sleep", "100"}, 50ms).value() == 124);
    CHECK(f.run({"sh", "-c", "exit 3"}, 60s).value() == 3);
}

TEST_CASE("signals are handed on to the command", "[foreground]") {
    foreground f;
    // The command itself makes the signal: it asks us, its parent, to end.
    CHECK(f.run({"sh", "-c", "trap 'exit 9' TERM; kill -TERM $PPID; while :; do sleep 0.01; done"}, 20s).value() == 9);
}

TEST_CASE("a signal that came before the command keeps it from starting", "[foreground]") {
    foreground f;
    raise(SIGINT);
    CHECK(f.run({"true"}, std::nullopt).value() == 130);
}

TEST_CASE("a signal that was acted upon does not end us afterwards", "[foreground]") {
    {
        foreground f;
        raise(SIGTERM);
    }
    SUCCEED();
}
