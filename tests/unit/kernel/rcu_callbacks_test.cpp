// Callbacks, and who waits for them.
#include "fusefs/kernel/rcu_untimed.hpp"
#include "tests/unit/kernel/rcu_world.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::tests;

TEST_CASE("a barrier returns at once if nobody has callbacks, and starts no grace period", "[rcu]") {
    rcu_world w{4};
    nanoseconds took{-1};
    w.time_barrier(1ms, &took);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(took == 0ns);
    CHECK(w.engine.grace_periods() == 0);
}

TEST_CASE("a barrier waits for everybody's callbacks, each queued before it", "[rcu]") {
    const bool timed = GENERATE(true, false);
    const auto seed = GENERATE(range(1u, 20u));
    CAPTURE(timed, seed);
    rcu_world w{2, lab(), seed};
    rcu_untimed untimed{w.sched};
    rcu& r = timed ? static_cast<rcu&>(w.engine) : untimed;
    std::vector<int> run;
    for (int cpu = 0; cpu < 4; ++cpu)
        w.after(
            cpu * 500us,
            [&r, &run, cpu]() -> task<> {
                for (int i = 0; i < 50; ++i) r.call([&run, cpu] { run.push_back(cpu); });
                co_return;
            },
            cpu);
    std::size_t seen = 0;
    w.after(3ms, [&]() -> task<> {
        const std::size_t before = r.callbacks_pending() + run.size();
        CHECK(before == 200);
        co_await r.barrier();
        seen = run.size();
    });
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(seen == 200);
    CHECK(r.callbacks_pending() == 0);
}

TEST_CASE("callbacks run in the order of one CPU, none before a grace period", "[rcu]") {
    rcu_world w{4};
    std::vector<int> order;
    auto reader = w.engine.read_lock();
    w.after(0ns, [&]() -> task<> {
        for (int i = 0; i < 100; ++i) w.engine.call([&order, i] { order.push_back(i); });
        co_await w.sched.sleep_for(100ms);
        CHECK(order.empty());
        reader.unlock();
        co_await w.engine.barrier();
        CHECK(order.size() == 100);
        CHECK(std::is_sorted(order.begin(), order.end()));
    });
    REQUIRE(w.sched.run() == run_outcome::finished);
}

TEST_CASE("a callback may queue another", "[rcu]") {
    const bool timed = GENERATE(true, false);
    rcu_world w{1};
    rcu_untimed untimed{w.sched};
    rcu& r = timed ? static_cast<rcu&>(w.engine) : untimed;
    int depth = 0;
    std::function<void()> again = [&] {
        if (++depth < 5) r.call(again);
    };
    w.after(0ns, [&]() -> task<> {
        r.call(again);
        while (depth < 5) co_await r.barrier();
    });
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(depth == 5);
}

namespace {

/// A synchronize and a barrier 1 ms after `callbacks` were queued on every CPU; ms.
std::pair<nanoseconds, nanoseconds> with_backlog(int blimit, int callbacks, bool wake_from_gp) {
    profile p = lab();
    p.blimit = blimit;
    p.wake_from_gp = wake_from_gp;
    rcu_world w{4, p};
    for (int cpu = 0; cpu < 4; ++cpu)
        w.after(
            0ns,
            [&w, callbacks]() -> task<> {
                cgroup_exit_callbacks(w.engine, callbacks);
                co_return;
            },
            cpu);
    nanoseconds synchronize{}, barrier{};
    w.time_synchronize(1ms, &synchronize);
    w.time_barrier(1ms, &barrier);
    REQUIRE(w.sched.run() == run_outcome::finished);
    return {synchronize, barrier};
}

}  // namespace

TEST_CASE("with the direct wake-up synchronize does not wait for callbacks, the barrier does", "[rcu]") {
    const auto few = with_backlog(10, 1, true), many = with_backlog(10, 1500, true);
    CHECK(few.first == many.first);
    CHECK(many.second > few.second + tick);  // ksoftirqd has to wait for its turn
}

TEST_CASE("through a callback synchronize waits behind those of its CPU", "[rcu]") {
    const auto few = with_backlog(10, 1, false), many = with_backlog(10, 1500, false);
    CHECK(many.first > few.first + tick);
}

TEST_CASE("blimit moves the barrier but not synchronize", "[rcu]") {
    const auto slow = with_backlog(5, 900, true), fast = with_backlog(100, 900, true);
    CHECK(slow.first == fast.first);
    CHECK(slow.second > fast.second + tick / 2);
}

TEST_CASE("concurrent barriers serialise into two or three rounds", "[rcu]") {
    rcu_world w{4};
    std::vector<nanoseconds> took(8);
    nanoseconds alone{};
    {
        rcu_world single{4};
        single.after(0ns, [&]() -> task<> {
            cgroup_exit_callbacks(single.engine, 1);
            co_await single.sched.sleep_for(100ms);
            cgroup_exit_callbacks(single.engine, 1);
        });
        single.time_barrier(101ms, &alone);
        REQUIRE(single.sched.run() == run_outcome::finished);
    }
    w.after(0ns, [&]() -> task<> {  // somebody keeps call_rcu() busy
        for (int i = 0; i < 400; ++i) {
            cgroup_exit_callbacks(w.engine, 1);
            co_await w.sched.sleep_for(1ms);
        }
    });
    for (std::size_t i = 0; i < took.size(); ++i) w.time_barrier(100ms + i * 50us, &took[i]);
    REQUIRE(w.sched.run() == run_outcome::finished);
    const auto longest = *std::max_element(took.begin(), took.end());
    CAPTURE(alone.count(), longest.count());
    CHECK(longest > alone * 3 / 2);
    CHECK(longest < alone * 4);
}

TEST_CASE("callbacks from outside of the model are spread over the busy CPUs, and a barrier waits for them", "[rcu]") {
    rcu_world w{4};
    int run = 0;
    for (int i = 0; i < 20; ++i) {
        w.after(0ns, [&]() -> task<> { co_return; });
        w.sched.run_for(1ms);
        w.engine.call([&] { ++run; });
    }
    nanoseconds took{};
    w.time_barrier(0ns, &took);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(run == 20);
    CHECK(w.engine.callbacks_pending() == 0);
}
