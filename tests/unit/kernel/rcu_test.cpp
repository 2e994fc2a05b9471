#include "fusefs/kernel/rcu.hpp"

#include "fusefs/kernel/rcu_engine.hpp"
#include "fusefs/kernel/rcu_untimed.hpp"
#include "fusefs/sched/simulated.hpp"
#include "tests/unit/kernel/steady_machine.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::kernel;
using namespace std::chrono_literals;
using sched::instant;
using sched::run_outcome;
using sched::task;

namespace {

constexpr auto tick = 4ms;

profile lab() {
    profile p;
    p.zero = false;
    p.hz = 250;
    p.cpus = 4;
    p.callback_cost = 1us;
    return p;
}

/// Four CPUs at HZ=250, `busy` of them never idle.
struct world {
    explicit world(int busy = 4, profile p = lab(), std::uint64_t seed = 1)
        : sched{{seed}}, cpus{sched, p, busy}, engine{sched, cpus, p, seed} {}

    /// Runs `body` as a thread on `cpu` after `delay`.
    template <class Body>
    void after(nanoseconds delay, Body body, int cpu = 0) {
        sched.spawn("test", run_after(delay, std::move(body)), sched::fiber_kind::thread, cpu);
    }
    template <class Body>
    task<> run_after(nanoseconds delay, Body body) {
        co_await sched.sleep_for(delay);
        co_await body();
    }
    /// How long one synchronize / barrier called at `at` takes.
    void time_synchronize(nanoseconds at, nanoseconds* took) {
        after(at, [this, took]() -> task<> {
            const instant since = sched.now();
            co_await engine.synchronize();
            *took = sched.now() - since;
        });
    }
    void time_barrier(nanoseconds at, nanoseconds* took) {
        after(at, [this, took]() -> task<> {
            const instant since = sched.now();
            co_await engine.barrier();
            *took = sched.now() - since;
        });
    }

    sched::simulated_scheduler sched;
    steady_machine cpus;
    rcu_engine engine;
};

}  // namespace

TEST_CASE("on busy CPUs a grace period ends at the second tick after it began", "[rcu]") {
    world w{4};
    nanoseconds took{};
    w.time_synchronize(1ms, &took);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(took == 2 * tick - 1ms);
    CHECK(w.engine.grace_periods() == 1);
}

TEST_CASE("on an idle machine it ends at the first scan, between one and two ticks", "[rcu]") {
    const auto at = GENERATE(0us, 100us, 2000us, 3999us);
    world w{0};
    nanoseconds took{};
    w.time_synchronize(at, &took);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(took == 2 * tick - at);
}

TEST_CASE("the time between scans grows with HZ and CPUs as the kernel's does", "[rcu]") {
    CHECK(rcu_engine::jiffies_till_fqs(100, 16) == 1);
    CHECK(rcu_engine::jiffies_till_fqs(250, 16) == 1);
    CHECK(rcu_engine::jiffies_till_fqs(300, 16) == 2);
    CHECK(rcu_engine::jiffies_till_fqs(1000, 16) == 3);
    CHECK(rcu_engine::jiffies_till_fqs(1000, 512) == 5);
}

TEST_CASE("a request is served only by a grace period that starts after it", "[rcu]") {
    world w{4};
    nanoseconds first{}, second{};
    w.time_synchronize(1ms, &first);
    w.time_synchronize(2ms, &second);  // while the first's grace period runs
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(first == 7ms);
    CHECK(second == 6ms + 2 * tick);
    CHECK(w.engine.grace_periods() == 2);
}

TEST_CASE("requests made during one grace period share the next", "[rcu]") {
    world w{4};
    std::vector<nanoseconds> took(8);
    for (std::size_t i = 0; i < took.size(); ++i) w.time_synchronize(1ms + i * 100us, &took[i]);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.engine.grace_periods() == 2);
}

TEST_CASE("a read section that began before holds the grace period, one that began later does not", "[rcu]") {
    const bool timed = GENERATE(true, false);
    world w{2};
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
    world w{1};
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

TEST_CASE("a barrier returns at once if nobody has callbacks, and starts no grace period", "[rcu]") {
    world w{4};
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
    world w{2, lab(), seed};
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
    world w{4};
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
    world w{1};
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
    world w{4, p};
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
    world w{4};
    std::vector<nanoseconds> took(8);
    nanoseconds alone{};
    {
        world single{4};
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

TEST_CASE("an expedited grace period needs no tick, unless rcu_normal", "[rcu]") {
    profile p = lab();
    p.expedited_ipi = 20us;
    p.rcu_normal = GENERATE(false, true);
    world w{4, p};
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
    world w{0, p};
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
    world w{4, p};
    nanoseconds took{};
    w.time_synchronize(0ms, &took);
    w.time_barrier(500ms, &took);
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.engine.grace_periods() > 40);
    CHECK(took > 2 * tick);
}

TEST_CASE("left-over callbacks end grace periods between ticks", "[rcu]") {
    // In passes of ten the softirq is raised again and again, then ksoftirqd comes; in one pass nothing happens between ticks.
    nanoseconds mean[2]{};
    for (const int k : {0, 1}) {
        profile p = lab();
        p.blimit = k == 0 ? 10 : 100'000;
        world w{4, p};
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
        world w{4, p};
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
        world w{3, p, seed};
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
    world w{16, p};
    w.after(0ns, [&]() -> task<> {
        for (int i = 0; i < 100; ++i) co_await w.engine.synchronize();
    });
    REQUIRE(w.sched.run() == run_outcome::finished);
    CHECK(w.sched.steps() / w.engine.grace_periods() <= 8);
}

TEST_CASE("callbacks from outside of the model are spread over the busy CPUs, and a barrier waits for them", "[rcu]") {
    world w{4};
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
