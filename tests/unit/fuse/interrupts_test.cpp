#include "fusefs/fuse/interrupts.hpp"

#include "fusefs/fuse/caller.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <sstream>
#include <unistd.h>

using namespace drainlab::fuse;
using namespace std::chrono_literals;

namespace {

std::uint64_t pending(std::initializer_list<int> signals) {
    std::uint64_t mask = 0;
    for (const int s : signals) mask |= std::uint64_t{1} << (s - 1);
    return mask;
}

}  // namespace

TEST_CASE("A caller that is to die is answered at once, one that was asked to stop a second later, no other",
          "[interrupts]") {
    CHECK(interrupts::answers(pending({SIGKILL}), 0s));
    CHECK(interrupts::answers(pending({SIGCHLD, SIGKILL}), 0s));
    for (const int asks : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        CHECK_FALSE(interrupts::answers(pending({asks}), 999ms));
        CHECK(interrupts::answers(pending({asks, SIGALRM}), 1s));
    }
    for (const int other : {SIGALRM, SIGCHLD, SIGUSR1, SIGPROF, SIGWINCH})
        CHECK_FALSE(interrupts::answers(pending({other}), 24h));
    CHECK_FALSE(interrupts::answers(0, 24h));
}

TEST_CASE("Pending signals are the thread's and the process's, but for blocked ones", "[interrupts]") {
    std::istringstream status{
        "Name:\tcp\nSigQ:\t0/1\nSigPnd:\t0000000000000100\nShdPnd:\t0000000000000003\nSigBlk:\t0000000000000002\n"};
    CHECK(parse_pending_signals(status) == pending({SIGKILL, SIGHUP}));
    std::istringstream other{"nothing of the kind"};
    CHECK(parse_pending_signals(other) == 0);
    CHECK(pending_signals_of(::gettid()).has_value());
    CHECK_FALSE(pending_signals_of(-1).has_value());
}
