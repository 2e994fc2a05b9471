#include "fusefs/control/surroundings.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::control;

TEST_CASE("a limit goes where it may go, else the soft one becomes the hard one", "[control]") {
    const auto free = without_limit({1 << 20, 1 << 30}, true);
    CHECK(free.rlim_cur == RLIM_INFINITY);
    CHECK(free.rlim_max == RLIM_INFINITY);
    const auto bound = without_limit({1 << 20, 1 << 30}, false);
    CHECK(bound.rlim_cur == 1 << 30);
    CHECK(bound.rlim_max == 1 << 30);
}

TEST_CASE("what remains of a limit is told in its unit", "[control]") {
    CHECK_FALSE(tell_limit(RLIMIT_FSIZE, {RLIM_INFINITY, RLIM_INFINITY}));
    CHECK(tell_limit(RLIMIT_FSIZE, {1048576, 1048576}).value_or("").find("files in a store end at 1048576 bytes") == 0);
    CHECK(tell_limit(RLIMIT_CPU, {60, 60}).value_or("").find("the daemon is killed after 60 s of CPU time") == 0);
}
