// The contract that the simulated and the real scheduler both keep: fibers, time, points.
#include "fusefs/sched/scheduler.hpp"

#include "tests/unit/sched/worlds.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

using namespace drainlab::sched;
using namespace std::chrono_literals;
using drainlab::sched::test::both_worlds;

TEMPLATE_LIST_TEST_CASE("spawn: a fiber runs once the loop runs, never before", "[scheduler]", both_worlds) {
    TestType world;
    bool ran = false;
    const auto body = [](bool& r) -> task<> {
        r = true;
        co_return;
    };
    world.sched().spawn("a", body(ran));
    CHECK_FALSE(ran);
    world.run();
    CHECK(ran);
    CHECK(world.sched().live_fibers() == 0);
    CHECK(world.sched().current() == nullptr);
}

TEMPLATE_LIST_TEST_CASE("spawn: a fiber inherits the modelled CPU of its parent unless told otherwise", "[scheduler]",
                        both_worlds) {
    TestType world;
    std::vector<int> cpus;
    const auto child = [](scheduler& s, std::vector<int>& seen) -> task<> {
        seen.push_back(s.current()->cpu);
        co_return;
    };
    const auto parent = [&](scheduler& s) -> task<> {
        CHECK(s.current()->name == "parent");
        s.spawn("inherits", child(s, cpus));
        co_await s.sleep_until(s.now() + 1ms);
        s.spawn("told", child(s, cpus), fiber_kind::thread, 5);
    };
    world.sched().spawn("parent", parent(world.sched()), fiber_kind::thread, 3);
    world.run();
    CHECK(cpus == std::vector{3, 5});
}

TEMPLATE_LIST_TEST_CASE("sleep: never shorter than asked, and the clock never goes back", "[scheduler]", both_worlds) {
    TestType world;
    std::vector<int> woken;
    const auto sleeper = [&](scheduler& s, int n, nanoseconds d) -> task<> {
        const instant before = s.now();
        const bool told = co_await s.sleep_until(before + d);
        CHECK_FALSE(told);
        CHECK(s.now() >= before + d);
        woken.push_back(n);
    };
    auto& s = world.sched();
    s.spawn("long", sleeper(s, 3, 30ms));
    s.spawn("short", sleeper(s, 1, 2ms));
    s.spawn("none", sleeper(s, 0, 0ns));
    s.spawn("past", sleeper(s, 0, -5ms));
    world.run();
    CHECK(woken == std::vector{0, 0, 1, 3});
}

TEMPLATE_LIST_TEST_CASE("yield: every other ready fiber gets its turn sooner or later", "[scheduler]", both_worlds) {
    TestType world;
    bool flag = false;
    int turns = 0;
    const auto spins = [&](scheduler& s) -> task<> {
        while (!flag) {
            ++turns;
            co_await s.yield();
        }
    };
    const auto sets = [&]() -> task<> {
        flag = true;
        co_return;
    };
    world.sched().spawn("spins", spins(world.sched()));
    world.sched().spawn("sets", sets());
    world.run();
    CHECK(flag);
    CHECK(world.sched().live_fibers() == 0);
}

TEMPLATE_LIST_TEST_CASE("a widened point lasts as long as asked, until it is taken back", "[scheduler]", both_worlds) {
    TestType world;
    auto& s = world.sched();
    constexpr point here{"here"};
    nanoseconds wide{}, other{};
    const auto passes = [&]() -> task<> {
        instant before = s.now();
        co_await s.preempt(here);
        wide = s.now() - before;
        before = s.now();
        co_await s.preempt(point{"elsewhere"});
        other = s.now() - before;
        s.widen(point{"here"}, 0ns);
    };
    s.widen(here, 20ms);
    s.spawn("passes", passes());
    world.run();
    CHECK(wide >= 20ms);
    CHECK(other < 20ms);
    const auto again = [&]() -> task<> {
        const instant before = s.now();
        co_await s.preempt(here);
        CHECK(s.now() - before < 20ms);
    };
    s.spawn("again", again());
    world.run();
    CHECK(s.live_fibers() == 0);
}

TEST_CASE("A body that is started runs at once until it waits, also from within a fiber", "[scheduler]") {
    simulated_scheduler s{{1, 0, false}};
    std::vector<int> order;
    const auto body = [](scheduler& on, std::vector<int>& out, nanoseconds d, int first) -> task<> {
        out.push_back(first);
        if (d.count() > 0) co_await on.sleep_for(d);
        out.push_back(first + 1);
    };
    s.start("at once", body(s, order, nanoseconds{0}, 1));
    CHECK(order == std::vector{1, 2});
    CHECK(s.live_fibers() == 0);
    s.start("waits", body(s, order, nanoseconds{5}, 3));
    CHECK(order == std::vector{1, 2, 3});
    CHECK(s.live_fibers() == 1);
    const auto outer = [&body](simulated_scheduler& on, std::vector<int>& out) -> task<> {
        fiber* const me = on.current();
        on.start("inner", body(on, out, nanoseconds{0}, 10));
        CHECK(on.current() == me);
        on.start("inner that waits", body(on, out, nanoseconds{1}, 20));
        CHECK(on.current() == me);
        co_await on.sleep_for(nanoseconds{2});
        out.push_back(30);
    };
    s.spawn("outer", outer(s, order));
    CHECK(s.run() == run_outcome::finished);
    CHECK(order == std::vector{1, 2, 3, 10, 11, 20, 21, 30, 4});
}
