// Where in an unmount two machines differ.
#include "controller/sim/difference.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;

namespace {

report::phase_figures phases(double detached, double drain_begins, double drained, double dead, double returned) {
    const auto at = [](double ms) { return report::spread{ms, {}, ms}; };
    return {at(detached), at(drain_begins), at(drained), at(dead), at(returned)};
}

}  // namespace

TEST_CASE("the stretch whose lengths differ most is named, with both lengths", "[compare]") {
    const auto theirs = phases(1, 2, 12, 13, 14);
    CHECK(sim::where_it_differs(phases(1, 2, 32, 33, 34), theirs) == "mostly in the drain: 30.0 ms, theirs 10.0");
    CHECK(sim::where_it_differs(phases(1, 2, 12, 13, 20), theirs) ==
          "mostly in the exit of umount(8): 7.0 ms, theirs 1.0");
    CHECK(sim::where_it_differs(phases(5, 6, 16, 17, 18), theirs) ==
          "mostly in umount(8) up to the system call: 5.0 ms, theirs 1.0");
}

TEST_CASE("a phase that one side has not joins the next; without any there is nothing to tell", "[compare]") {
    auto ours = phases(1, 2, 32, 33, 34);
    ours.drained.reset();
    CHECK(sim::where_it_differs(ours, phases(1, 2, 12, 13, 14)) ==
          "mostly in the filesystem's shutdown: 31.0 ms, theirs 11.0");
    CHECK(sim::where_it_differs({}, phases(1, 2, 12, 13, 14)).empty());
}
