#include "fusefs/kernel/rcu_untimed.hpp"
#include "tests/unit/kernel/rcu_world.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::tests;

TEST_CASE("on busy CPUs a grace period ends at the second tick after it began", "[rcu]") {
    rcu_world w{4};
    nanoseconds took{};
    w.time_synchronize(1ms, &took);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(took == 2 * tick - 1ms);
    CHECK(w.engine.grace_periods() == 1);
}

TEST_CASE("on an idle machine it ends at the first scan, between one and two ticks", "[rcu]") {
    const auto at = GENERATE(0us, 100us, 2000us, 3999us);
    rcu_world w{0};
    nanoseconds took{};
    w.time_synchronize(at, &took);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(took == 2 * tick - at);
}

TEST_CASE("a request is served only by a grace period that starts after it", "[rcu]") {
    rcu_world w{4};
    nanoseconds first{}, second{};
    w.time_synchronize(1ms, &first);
    w.time_synchronize(2ms, &second);  // while the first's grace period runs
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(first == 7ms);
    CHECK(second == 6ms + 2 * tick);
    CHECK(w.engine.grace_periods() == 2);
}

TEST_CASE("requests made during one grace period share the next", "[rcu]") {
    rcu_world w{4};
    std::vector<nanoseconds> took(8);
    for (std::size_t i = 0; i < took.size(); ++i) w.time_synchronize(1ms + i * 100us, &took[i]);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.engine.grace_periods() == 2);
}

TEST_CASE("a read section that began before holds the grace period, one that began later does not", "[rcu]") {
    const bool timed = GENERATE(true, false);
    rcu_world w{2};
    rcu_untimed untimed{w.sched};
    rcu& r = timed ? static_cast<rcu&>(w.engine) : untimed;
    bool old_reader_open = true, new_reader_open = true, returned = false;
    w.after(0ns, [&]() -> task<> {
        auto section = r.read_lock();
        co_await w.sched.sleep_for(100ms);
        old_reader_open = false;
    });
    w.after(50ms, [&]() -> task<> {
        auto section = r.read_lock();
        co_await w.sched.sleep_for(1s);
        new_reader_open = false;
        CHECK(returned);
    });
    w.after(1ms, [&]() -> task<> {
        co_await r.synchronize();
        CHECK_FALSE(old_reader_open);
        CHECK(new_reader_open);
        CHECK(w.sched.now() == instant{100ms});
        returned = true;
    });
    w.after(2ms, [&]() -> task<> {
        co_await r.synchronize_expedited();
        CHECK_FALSE(old_reader_open);
        CHECK(new_reader_open);
    });
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(returned);
}

TEST_CASE("read sections nest", "[rcu]") {
    rcu_world w{1};
    w.after(0ns, [&]() -> task<> {
        auto outer = w.engine.read_lock();
        {
            auto inner = w.engine.read_lock();
            CHECK(w.sched.current()->rcu_nesting == 2);
        }
        co_await w.sched.sleep_for(40ms);
        CHECK(w.sched.current()->rcu_nesting == 1);
    });
    nanoseconds took{};
    w.time_synchronize(1ms, &took);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(took == 39ms);
}
