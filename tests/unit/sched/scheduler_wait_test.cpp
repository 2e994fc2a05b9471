// The same contract: who waits, for what, and is woken.
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

TEMPLATE_LIST_TEST_CASE("wait queues: wake_one wakes in order of arrival, wake_all the rest", "[scheduler]",
                        both_worlds) {
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

TEMPLATE_LIST_TEST_CASE("wait queues: the object whose address is the key may be gone at the wake", "[scheduler]",
                        both_worlds) {
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

TEMPLATE_LIST_TEST_CASE("deadlines: a wait ends at its deadline, or by the wake, never by both", "[scheduler]",
                        both_worlds) {
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

TEMPLATE_LIST_TEST_CASE("waiting(): who waits for what, since when", "[scheduler]", both_worlds) {
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

TEMPLATE_LIST_TEST_CASE("a wake from outside of any fiber is carried out", "[scheduler]", both_worlds) {
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

TEMPLATE_LIST_TEST_CASE("wait_var_event: tests the condition first, and again after each wake", "[scheduler]",
                        both_worlds) {
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
