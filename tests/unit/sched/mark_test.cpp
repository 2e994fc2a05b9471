#include "fusefs/sched/mark.hpp"

#include <catch2/catch.hpp>

using drainlab::sched::mark;
using drainlab::sched::must_reach;

TEST_CASE("A mark is reached by its name, since the test began to look", "[mark]") {
    mark<"mark_test: here">();
    const must_reach<"mark_test: here"> here;
    const must_reach<"mark_test: there"> there;
    CHECK_FALSE(here.reached());
    mark<"mark_test: here">();
    CHECK(here.reached());
    CHECK_FALSE(there.reached());
}
