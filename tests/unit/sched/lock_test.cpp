#include "fusefs/sched/lock.hpp"

#include "tests/unit/sched/worlds.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace drainlab::sched;
using namespace std::chrono_literals;
using drainlab::sched::test::both_worlds;

TEMPLATE_LIST_TEST_CASE("rwsem: readers share, a writer is alone", "[lock]", both_worlds) {
    TestType world;
    auto& s = world.sched();
    rwsem sem{s, "s_umount"};
    int inside = 0, most = 0;
    const auto reads = [&]() -> task<> {
        const auto held = co_await sem.down_read();
        most = std::max(most, ++inside);
        CHECK_FALSE(sem.held_for_write());
        co_await s.sleep_until(s.now() + 2ms);
        --inside;
    };
    const auto writes = [&]() -> task<> {
        const auto held = co_await sem.down_write();
        CHECK(inside == 0);
        CHECK(sem.readers() == 0);
        co_await s.sleep_until(s.now() + 2ms);
        CHECK(inside == 0);
    };
    for (int i = 0; i < 3; ++i) s.spawn("reads", reads());
    s.spawn("writes", writes());
    for (int i = 0; i < 3; ++i) s.spawn("reads", reads());
    world.run();
    CHECK(most >= 2);
    CHECK(sem.readers() == 0);
    CHECK_FALSE(sem.held_for_write());
    CHECK(s.live_fibers() == 0);
}

TEMPLATE_LIST_TEST_CASE("rwsem: a queued writer holds later readers and trylocks back", "[lock]", both_worlds) {
    TestType world;
    auto& s = world.sched();
    rwsem sem{s, "s_umount"};
    std::string order;
    const auto first_reader = [&]() -> task<> {
        auto held = co_await sem.down_read();
        order += "r1 ";
        co_await s.sleep_until(s.now() + 10ms);
        CHECK(sem.contended());
        CHECK_FALSE(sem.try_read());  // the writer waits
        held.release();
        CHECK_FALSE(held);
    };
    const auto writer = [&]() -> task<> {
        co_await s.sleep_until(s.now() + 2ms);
        const auto held = co_await sem.down_write();
        order += "w ";
    };
    const auto late_reader = [&]() -> task<> {
        co_await s.sleep_until(s.now() + 5ms);
        const auto held = co_await sem.down_read();
        order += "r2 ";
    };
    s.spawn("first reader", first_reader());
    s.spawn("writer", writer());
    s.spawn("late reader", late_reader());
    world.run();
    CHECK(order == "r1 w r2 ");
    CHECK(s.live_fibers() == 0);
    const auto shared = sem.try_read();
    CHECK(shared);
}

TEMPLATE_LIST_TEST_CASE("rwsem: moving a guard moves the lock, assigning over one releases it", "[lock]", both_worlds) {
    TestType world;
    auto& s = world.sched();
    rwsem a{s, "a"}, b{s, "b"};
    const auto body = [&]() -> task<> {
        auto first = co_await a.down_write();
        auto second = co_await b.down_write();
        first = std::move(second);
        CHECK_FALSE(a.held_for_write());
        CHECK(b.held_for_write());
        const auto third = std::move(first);
        CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move)
        CHECK(b.held_for_write());
    };
    s.spawn("body", body());
    world.run();
    CHECK_FALSE(b.held_for_write());
}

TEMPLATE_LIST_TEST_CASE("a lock that is waited for is named in waiting()", "[lock]", both_worlds) {
    TestType world;
    auto& s = world.sched();
    rwsem sem{s, "s_umount"};
    const auto takes_and_keeps = [&]() -> task<> {
        const auto held = co_await sem.down_write();
        co_await s.wait_on(&world, "for ever");
    };
    const auto wants = [&]() -> task<> {
        co_await s.sleep_until(s.now() + 1ms);
        const auto held = co_await sem.down_read();
    };
    s.spawn("keeps", takes_and_keeps());
    s.spawn("wants", wants());
    world.run();
    const auto all = s.waiting();
    REQUIRE(all.size() == 2);
    CHECK(all[1].task == "wants");
    CHECK(all[1].waits_for == "s_umount");
}

TEMPLATE_LIST_TEST_CASE("mutex: one at a time, in order of arrival", "[lock]", both_worlds) {
    TestType world;
    auto& s = world.sched();
    mutex m{s, "barrier"};
    std::vector<int> arrived, served;
    const auto body = [&](int n) -> task<> {
        arrived.push_back(n);
        const auto held = co_await m.lock();
        CHECK(m.locked());
        served.push_back(n);
        co_await s.yield();
        CHECK(served.back() == n);
    };
    for (int n = 0; n < 5; ++n) s.spawn("m", body(n));
    world.run();
    CHECK(served == arrived);
    CHECK_FALSE(m.locked());
}

TEMPLATE_LIST_TEST_CASE("spinlock: exclusive, handed over in order, and it may be kept across a named point", "[lock]",
                        both_worlds) {
    TestType world;
    auto& s = world.sched();
    spinlock lock{s, "i_lock"};
    int inside = 0, entries = 0;
    const auto body = [&]() -> task<> {
        for (int i = 0; i < 50; ++i) {
            auto held = co_await lock.lock();
            CHECK(++inside == 1);
            CHECK(s.current()->spinlocks_held == 1);
            co_await s.preempt(point{"in i_lock"});
            --inside;
            ++entries;
            held.unlock();
            CHECK(s.current()->spinlocks_held == 0);
            co_await s.yield();
        }
    };
    for (int n = 0; n < 4; ++n) s.spawn("spins", body());
    world.run();
    CHECK(entries == 200);
    CHECK_FALSE(lock.locked());
}

TEMPLATE_LIST_TEST_CASE("a scheduler may die while locks are held and waited for", "[lock]", both_worlds) {
    // The last fiber goes first: here a waiter, so the holder must not hand the lock to a frame that is gone.
    auto world = std::make_unique<TestType>();
    auto& s = world->sched();
    spinlock spin{s, "i_lock"};
    rwsem sem{s, "s_umount"};
    const auto holds = [&]() -> task<> {
        const auto a = co_await sem.down_write();
        const auto b = co_await spin.lock();
        co_await s.preempt(point{"held"});
    };
    const auto wants_spin = [&]() -> task<> { const auto held = co_await spin.lock(); };
    const auto wants_sem = [&]() -> task<> { const auto held = co_await sem.down_read(); };
    s.widen(point{"held"}, 1h);
    s.spawn("holds", holds());
    const auto later = [&]() -> task<> {
        co_await s.sleep_until(s.now() + 1ms);
        s.spawn("wants spin", wants_spin());
        s.spawn("wants spin too", wants_spin());
        s.spawn("wants sem", wants_sem());
        co_await s.sleep_until(s.now() + 2ms);
        throw 1;  // out of the loop, all of them still there
    };
    s.spawn("later", later());
    CHECK_THROWS_AS(world->run(), int);
    CHECK(s.live_fibers() == 4);
    world.reset();
}
