// The contract that the simulated and the real scheduler both keep.
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
using drainlab::sched::test::real_world;
using drainlab::sched::test::simulated_world;

#define BOTH simulated_world, real_world

TEMPLATE_TEST_CASE("spawn: a fiber runs once the loop runs, never before", "[scheduler]", BOTH) {
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

TEMPLATE_TEST_CASE("spawn: a fiber inherits the modelled CPU of its parent unless told otherwise", "[scheduler]",
                   BOTH) {
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

TEMPLATE_TEST_CASE("sleep: never shorter than asked, and the clock never goes back", "[scheduler]", BOTH) {
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

TEMPLATE_TEST_CASE("yield: every other ready fiber gets its turn sooner or later", "[scheduler]", BOTH) {
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

TEMPLATE_TEST_CASE("wait queues: wake_one wakes in order of arrival, wake_all the rest", "[scheduler]", BOTH) {
    TestType world;
    auto& s = world.sched();
    const int key = 0;
    std::vector<int> woken;
    const auto waits = [&](int n) -> task<> {
        const bool told = co_await s.wait_on(&key, "the key");
        CHECK(told);
        woken.push_back(n);
    };
    const auto wakes = [&]() -> task<> {
        for (int n = 1; n <= 4; ++n) {
            s.spawn("w", waits(n));
            co_await s.sleep_until(s.now() + 1ms);  // it waits now
        }
        s.wake_one(&key);
        co_await s.sleep_until(s.now() + 1ms);
        CHECK(woken == std::vector{1});
        s.wake_one(&key);
        co_await s.sleep_until(s.now() + 1ms);
        CHECK(woken == std::vector{1, 2});
        CHECK(s.anyone_waits_on(&key));
        s.wake_all(&key);
        co_await s.sleep_until(s.now() + 1ms);
        CHECK(woken.size() == 4);
        CHECK_FALSE(s.anyone_waits_on(&key));
        s.wake_one(&key);  // nobody: no effect, and not remembered
        s.wake_all(&key);
    };
    s.spawn("wakes", wakes());
    world.run();
    CHECK(s.live_fibers() == 0);
}

TEMPLATE_TEST_CASE("wait queues: the object whose address is the key may be gone at the wake", "[scheduler]", BOTH) {
    TestType world;
    auto& s = world.sched();
    auto object = std::make_unique<int>(0);
    const void* const key = object.get();
    bool woken = false;
    const auto waits = [&]() -> task<> {
        co_await s.wait_on(key, "an object that dies");
        woken = true;
    };
    const auto wakes = [&]() -> task<> {
        co_await s.sleep_until(s.now() + 1ms);
        object.reset();
        s.wake_all(key);
    };
    s.spawn("waits", waits());
    s.spawn("wakes", wakes());
    world.run();
    CHECK(woken);
}

TEMPLATE_TEST_CASE("deadlines: a wait ends at its deadline, or by the wake, never by both", "[scheduler]", BOTH) {
    TestType world;
    auto& s = world.sched();
    const int key = 0;
    std::vector<bool> answers;
    const auto waits = [&]() -> task<> {
        const instant begin = s.now();
        bool told = co_await s.wait_on(&key, "nobody", begin + 3ms);
        answers.push_back(told);
        CHECK(s.now() >= begin + 3ms);
        CHECK_FALSE(s.anyone_waits_on(&key));  // a wait that timed out stands in no queue
        told = co_await s.wait_on(&key, "somebody", s.now() + 10s);
        answers.push_back(told);
        const instant again = s.now();
        co_await s.sleep_until(again + 2ms);  // the stale 10 s timer must not touch this one, nor the next
        CHECK(s.now() < again + 9s);
    };
    const auto wakes = [&]() -> task<> {
        co_await s.sleep_until(s.now() + 8ms);
        while (!s.anyone_waits_on(&key)) co_await s.sleep_until(s.now() + 1ms);
        s.wake_one(&key);
    };
    s.spawn("waits", waits());
    s.spawn("wakes", wakes());
    world.run();
    CHECK(answers == std::vector{false, true});
}

TEMPLATE_TEST_CASE("waiting(): who waits for what, since when", "[scheduler]", BOTH) {
    TestType world;
    auto& s = world.sched();
    const int key = 0;
    instant began{};
    const auto waits = [&]() -> task<> {
        co_await s.sleep_until(s.now() + 2ms);
        began = s.now();
        co_await s.wait_on(&key, "a grace period");
    };
    const auto serves = [&]() -> task<> { co_await s.wait_on(&key + 1, "work"); };
    s.spawn("umount A", waits());
    s.spawn("kworker", serves(), fiber_kind::service);
    world.run();  // comes back: nothing can run any more
    const auto all = s.waiting();
    REQUIRE(all.size() == 2);
    CHECK(all[0].task == "umount A");
    CHECK(all[0].waits_for == "a grace period");
    CHECK(all[0].since >= began);
    CHECK(all[0].since <= s.now());
    CHECK(all[0].kind == fiber_kind::thread);
    CHECK(all[1].task == "kworker");
    CHECK(all[1].kind == fiber_kind::service);
}

TEMPLATE_TEST_CASE("a wake from outside of any fiber is carried out", "[scheduler]", BOTH) {
    TestType world;
    auto& s = world.sched();
    const int key = 0;
    bool woken = false;
    const auto waits = [&]() -> task<> {
        co_await s.wait_on(&key, "outside");
        woken = true;
    };
    s.spawn("waits", waits());
    world.run();
    CHECK_FALSE(woken);
    s.wake_all(&key);
    CHECK_FALSE(woken);  // later, in the loop
    world.run();
    CHECK(woken);
}

TEMPLATE_TEST_CASE("an exception that leaves a fiber reaches the loop's caller; the others go on", "[scheduler]",
                   BOTH) {
    TestType world;
    auto& s = world.sched();
    int done = 0;
    const auto fails = []() -> task<> {
        throw std::logic_error{"bug"};
        co_return;
    };
    const auto works = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) co_await s.sleep_until(s.now() + 1ms);
        ++done;
    };
    s.spawn("works", works());
    s.spawn("fails", fails());
    CHECK_THROWS_WITH(world.run(), "bug");
    CHECK(s.current() == nullptr);
    s.spawn("works too", works());
    world.run();
    CHECK(done == 2);
    CHECK(s.live_fibers() == 0);
}

TEMPLATE_TEST_CASE("a widened point lasts as long as asked, until it is taken back", "[scheduler]", BOTH) {
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

TEMPLATE_TEST_CASE("wait_var_event: tests the condition first, and again after each wake", "[scheduler]", BOTH) {
    TestType world;
    auto& s = world.sched();
    int count = 0, tests = 0;
    const auto waits = [&]() -> task<> {
        const auto zero = [&] {
            ++tests;
            return count == 0;
        };
        co_await wait_var_event(s, &count, "count", zero);
        CHECK(tests == 1);  // true at once: no wait
        count = 2;
        co_await wait_var_event(s, &count, "count", zero);
        CHECK(count == 0);
    };
    const auto drops = [&]() -> task<> {
        co_await s.sleep_until(s.now() + 2ms);
        --count;
        s.wake_all(&count);
        co_await s.sleep_until(s.now() + 2ms);
        CHECK(s.anyone_waits_on(&count));
        --count;
        s.wake_all(&count);
    };
    s.spawn("waits", waits());
    s.spawn("drops", drops());
    world.run();
    CHECK(tests == 4);
    CHECK(s.live_fibers() == 0);
}

TEMPLATE_TEST_CASE("a scheduler that dies with fibers alive destroys their frames", "[scheduler]", BOTH) {
    const auto token = std::make_shared<int>(0);
    {
        TestType world;
        auto& s = world.sched();
        const auto hold = [](scheduler& sched, std::shared_ptr<int> kept, const void* key) -> task<> {
            co_await sched.wait_on(key, "for ever");
            CHECK(kept);
        };
        for (int i = 0; i < 10; ++i) s.spawn("holds", hold(s, token, token.get()));
        world.run();
        for (int i = 0; i < 10; ++i) s.spawn("never began", hold(s, token, token.get()));
        CHECK(token.use_count() == 21);
    }
    CHECK(token.use_count() == 1);
}

namespace {
task<> wait_at_depth(scheduler& s, int levels, std::vector<int>& ended) {
    struct notes {
        std::vector<int>& ended;
        int level;
        ~notes() { ended.push_back(level); }
    } const at_end{ended, levels};
    if (levels == 0)
        co_await s.wait_on(&s, "for ever");
    else
        co_await wait_at_depth(s, levels - 1, ended);
}
}  // namespace

TEMPLATE_TEST_CASE("a fiber that waits 100,000 tasks deep is destroyed innermost first, without nesting", "[scheduler]",
                   BOTH) {
    constexpr int depth = 100'000;
    std::vector<int> ended, innermost_first(depth + 1);
    std::iota(innermost_first.begin(), innermost_first.end(), 0);
    {
        TestType world;
        world.sched().spawn("deep", wait_at_depth(world.sched(), depth, ended));
        world.run();
        CHECK(ended.empty());
    }
    CHECK(ended == innermost_first);
}

TEMPLATE_TEST_CASE("a thousand fibers that all sleep, wake and yield come to an end", "[scheduler]", BOTH) {
    TestType world;
    auto& s = world.sched();
    long passes = 0;
    const auto busy = [&](int n) -> task<> {
        for (int i = 0; i < 20; ++i) {
            if (i % 5 == 0) co_await s.sleep_until(s.now() + std::chrono::microseconds{(n * 7 + i) % 50});
            co_await s.yield();
            ++passes;
        }
    };
    for (int n = 0; n < 1000; ++n) s.spawn("busy", busy(n));
    world.run();
    CHECK(passes == 20'000);
    CHECK(s.live_fibers() == 0);
}
