// What grace periods cost, and what makes them longer.
#include "fusefs/kernel/rcu_untimed.hpp"
#include "tests/unit/kernel/rcu_world.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::tests;

TEST_CASE("the time between scans grows with HZ and CPUs as the kernel's does", "[rcu]") {
    CHECK(rcu_engine::jiffies_till_fqs(100, 16) == 1);
    CHECK(rcu_engine::jiffies_till_fqs(250, 16) == 1);
    CHECK(rcu_engine::jiffies_till_fqs(300, 16) == 2);
    CHECK(rcu_engine::jiffies_till_fqs(1000, 16) == 3);
    CHECK(rcu_engine::jiffies_till_fqs(1000, 512) == 5);
}

TEST_CASE("an expedited grace period needs no tick, unless rcu_normal", "[rcu]") {
    profile p = lab();
    p.expedited_ipi = 20us;
    p.rcu_normal = GENERATE(false, true);
    rcu_world w{4, p};
    nanoseconds took{};
    w.after(1ms, [&]() -> task<> {
        const instant since = w.sched.now();
        co_await w.engine.synchronize_expedited();
        took = w.sched.now() - since;
    });
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(took == (p.rcu_normal ? nanoseconds{7ms} : nanoseconds{20us}));
    const auto samples = w.engine.take_samples();
    REQUIRE(samples.expedited.size() == 1);
    CHECK(samples.expedited[0] == took.count());
    CHECK(w.engine.take_samples().expedited.empty());
}

TEST_CASE("at rest RCU has no timer", "[rcu]") {
    profile p = lab();
    p.background_callbacks_per_s = 1000;
    rcu_world w{0, p};
    w.after(0ns, [&]() -> task<> {
        co_await w.engine.synchronize();
        cgroup_exit_callbacks(w.engine, 20);
        co_await w.engine.barrier();
    });
    REQUIRE(w.sched.run() == run_outcome::finished);
    w.after(100ms, [&]() -> task<> { co_return; });
    REQUIRE(w.sched.run() == run_outcome::finished);
    const auto steps = w.sched.steps();
    w.after(100s, [&]() -> task<> { co_return; });
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.sched.steps() - steps <= 3);
}

TEST_CASE("background callbacks keep grace periods running while CPUs are busy", "[rcu]") {
    profile p = lab();
    p.background_callbacks_per_s = 1000;
    rcu_world w{4, p};
    nanoseconds took{};
    w.time_synchronize(0ms, &took);
    w.time_barrier(500ms, &took);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.engine.grace_periods() > 40);
    CHECK(took > 2 * tick);
}

TEST_CASE("left-over callbacks end grace periods between ticks", "[rcu]") {
    // In passes of ten the softirq is raised again and again, then ksoftirqd comes; in one pass nothing happens between
    // ticks.
    nanoseconds mean[2]{};
    for (const int k : {0, 1}) {
        profile p = lab();
        p.blimit = k == 0 ? 10 : 100'000;
        rcu_world w{4, p};
        constexpr int rounds = 40;
        for (int cpu = 0; cpu < 4; ++cpu)
            w.after(
                0ns,
                [&]() -> task<> {
                    for (int n = 0; n < 30'000; ++n) {
                        w.engine.call([] {});
                        if (n % 100 == 99) co_await w.sched.sleep_for(1ms);
                    }
                },
                cpu);
        w.after(20ms, [&]() -> task<> {
            const instant since = w.sched.now();
            for (int n = 0; n < rounds; ++n) co_await w.engine.synchronize();
            mean[k] = (w.sched.now() - since) / rounds;
        });
        REQUIRE(w.sched.run() == run_outcome::finished);
    }
    CHECK(mean[1] >= 2 * tick);
    CHECK(mean[0] < mean[1]);
}

TEST_CASE("an overcommitted host stretches grace periods", "[rcu]") {
    nanoseconds sum[2]{};
    for (const int k : {0, 1}) {
        profile p = lab();
        p.overcommit = k == 0 ? 1.0 : 3.0;
        rcu_world w{4, p};
        w.after(0ns, [&]() -> task<> {
            for (int i = 0; i < 50; ++i) co_await w.engine.synchronize();
            sum[k] = w.sched.now().time_since_epoch();
        });
        REQUIRE(w.sched.run() == run_outcome::finished);
    }
    CHECK(sum[1] > sum[0] * 5 / 4);
}

TEST_CASE("the same seed gives the same trace, another seed another", "[rcu]") {
    const auto trace = [](std::uint64_t seed) {
        profile p = lab();
        p.tick_jitter = 100us;
        p.background_callbacks_per_s = 500;
        rcu_world w{3, p, seed};
        std::vector<nanoseconds> took(6);
        for (std::size_t i = 0; i < took.size(); ++i) {
            w.time_synchronize(i * 3ms, &took[i]);
            w.time_barrier(i * 2ms, &took[i]);
        }
        REQUIRE(w.sched.run() == run_outcome::finished);
        return w.sched.trace_hash();
    };
    CHECK(trace(7) == trace(7));
    CHECK(trace(7) != trace(8));
}

TEST_CASE("the profile zero takes no time but keeps the order", "[rcu]") {
    sched::simulated_scheduler sched;
    profile p;
    REQUIRE(p.zero);
    steady_machine cpus{sched, p, 16};
    const auto r = make_rcu(sched, cpus, p);
    bool called = false;
    const auto body = [](rcu& api, bool& done) -> task<> {
        co_await api.synchronize();
        api.call([&done] { done = true; });
        CHECK_FALSE(done);
        co_await api.barrier();
        CHECK(done);
        co_await api.synchronize_expedited();
    };
    sched.spawn("user", body(*r, called));
    REQUIRE(sched.run() == run_outcome::finished);
    CHECK(sched.now() == instant{});
    CHECK(called);
}

TEST_CASE("a grace period of 16 busy CPUs costs few events", "[rcu]") {
    profile p = lab();
    p.cpus = 16;
    p.tick_jitter = 50us;
    rcu_world w{16, p};
    w.after(0ns, [&]() -> task<> {
        for (int i = 0; i < 100; ++i) co_await w.engine.synchronize();
    });
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.sched.steps() / w.engine.grace_periods() <= 8);
}
