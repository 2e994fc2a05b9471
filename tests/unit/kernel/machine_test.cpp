#include "fusefs/kernel/machine.hpp"

#include "fusefs/kernel/machine_real.hpp"
#include "fusefs/kernel/machine_sim.hpp"
#include "fusefs/sched/simulated.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace drainlab;
using namespace drainlab::kernel;
using namespace std::chrono_literals;
using sched::instant;
using sched::run_outcome;
using sched::task;

namespace {

profile cpus(int n, double overcommit = 1.0) {
    profile p;
    p.zero = false;
    p.hz = 250;
    p.cpus = n;
    p.overcommit = overcommit;
    return p;
}

template <class Machine>
struct world {
    explicit world(const profile& p) : cpus{sched, p} {}
    void run_for(nanoseconds start, nanoseconds cost, instant* ended = nullptr, int cpu = 0) {
        sched.spawn("job", job(start, cost, ended), sched::fiber_kind::thread, cpu);
    }
    task<> job(nanoseconds start, nanoseconds cost, instant* ended) {
        co_await sched.sleep_for(start);
        co_await cpus.consume(cost);
        if (ended) *ended = sched.now();
    }
    void run() { REQUIRE(sched.run() == run_outcome::finished); }
    sched::simulated_scheduler sched;
    Machine cpus;
};

}  // namespace

TEST_CASE("ticks of all CPUs fall together, each late by at most the jitter", "[machine]") {
    auto p = cpus(4);
    p.tick_jitter = GENERATE(0us, 100us);
    const tick_clock ticks{p, 7};
    for (int cpu = 0; cpu < 4; ++cpu) {
        instant t{1ms};
        for (int n = 1; n < 200; ++n) {
            t = ticks.next_tick(cpu, t);
            CHECK(t >= instant{n * 4ms});
            CHECK(t <= instant{n * 4ms} + p.tick_jitter);
        }
    }
    CHECK(ticks.next_tick(2, instant{1s}) == tick_clock(p, 7).next_tick(2, instant{1s}));
}

TEST_CASE("a vCPU that stands aside takes its ticks late, and gets its share of the time", "[machine]") {
    const double overcommit = GENERATE(1.5, 2.0, 4.0);
    const tick_clock ticks{cpus(1, overcommit)};
    nanoseconds late{}, worst{};
    int aside = 0;
    constexpr int samples = 20'000;
    for (int i = 0; i < samples; ++i) {
        const auto delay = ticks.run_delay(0, instant{i * 137us});
        aside += delay > 0ns;
        late += delay;
        worst = std::max(worst, delay);
    }
    CHECK(aside == Approx(samples * (1 - 1 / overcommit)).epsilon(0.05));
    CHECK(worst.count() <= 2 * (overcommit - 1) * tick_clock::host_slice.count());
    instant t{};
    for (int i = 0; i < 1000; ++i) {
        const instant next = ticks.next_tick(0, t);
        CHECK(next > t);
        CHECK(ticks.run_delay(0, next) == 0ns);
        t = next;
    }
}

TEST_CASE("real mode: each caller of the last tick keeps one CPU busy", "[machine]") {
    world<machine_real> w{cpus(4)};
    const auto body = [](world<machine_real>& here) -> task<> {
        co_await here.sched.sleep_for(40ms);
        const auto busy = [&](instant t) {
            int n = 0;
            for (int c = 0; c < 4; ++c) n += here.cpus.busy(c, t, t);
            return n;
        };
        CHECK(busy(here.sched.now()) == 0);
        const int first = here.cpus.cpu_of(1001);
        CHECK(here.cpus.cpu_of(1001) == first);
        CHECK(here.cpus.cpu_of(1005) != first);
        CHECK(busy(here.sched.now()) == 2);
        for (std::uint64_t who = 1; who < 20; ++who) here.cpus.note_caller(who);
        CHECK(busy(here.sched.now()) == 4);
        const instant then = here.sched.now();
        co_await here.sched.sleep_for(20ms);
        CHECK(busy(here.sched.now()) == 0);
        CHECK(busy(then) == 4);  // the past can be asked
        CHECK(here.cpus.ever_idle(0, then, here.sched.now()));
        CHECK_FALSE(here.cpus.ever_idle(0, then, then + 1ms));
    };
    w.sched.spawn("daemon", body(w));
    w.run();
}

TEST_CASE("real mode: costs too short for a timer add up", "[machine]") {
    world<machine_real> w{cpus(4)};
    const auto body = [](world<machine_real>& here) -> task<> {
        for (int i = 0; i < 1000; ++i) co_await here.cpus.consume(1us);
    };
    w.sched.spawn("daemon", body(w));
    w.run();
    CHECK(w.sched.now() == instant{1ms});
}

TEST_CASE("simulator: as many jobs as CPUs do not disturb each other", "[machine]") {
    world<machine_sim> w{cpus(3)};
    std::vector<instant> ended(3);
    for (auto& e : ended) w.run_for(0ns, 30ms, &e);
    w.run();
    for (const auto& e : ended) CHECK(e == instant{30ms});
    CHECK(w.sched.steps() < 30);  // no event per tick
}

TEST_CASE("simulator: two jobs on one CPU take turns at ticks", "[machine]") {
    world<machine_sim> w{cpus(1)};
    instant a, b;
    w.run_for(0ns, 30ms, &a);
    w.run_for(0ns, 10ms, &b);
    w.run();
    CHECK(std::max(a, b) == instant{40ms});
    CHECK(b >= instant{16ms});
    CHECK(b <= instant{24ms});
}

TEST_CASE("simulator: a job that waits moves to a CPU that falls idle", "[machine]") {
    world<machine_sim> w{cpus(2)};
    std::vector<instant> ended(3);
    w.run_for(0ns, 100ms, &ended[0]);
    w.run_for(0ns, 5ms, &ended[1]);
    w.run_for(1ms, 50ms, &ended[2]);
    w.run();
    CHECK(*std::max_element(ended.begin(), ended.end()) < instant{110ms});
    CHECK(ended[2] < instant{70ms});
}

TEST_CASE("simulator: what was busy is remembered", "[machine]") {
    world<machine_sim> w{cpus(1)};
    w.run_for(10ms, 10ms);
    w.run_for(30ms, 10ms);
    w.run();
    const auto at = [](auto ms) { return instant{ms}; };
    CHECK_FALSE(w.cpus.busy(0, at(0ms), at(9ms)));
    CHECK(w.cpus.busy(0, at(5ms), at(11ms)));
    CHECK(w.cpus.busy(0, at(15ms), at(15ms)));
    CHECK_FALSE(w.cpus.busy(0, at(25ms), at(25ms)));
    CHECK(w.cpus.ever_idle(0, at(15ms), at(35ms)));
    CHECK_FALSE(w.cpus.ever_idle(0, at(12ms), at(18ms)));
    CHECK(w.cpus.load(0, at(0ms), at(40ms)) == Approx(0.5));
}

TEST_CASE("simulator: on an overcommitted host long jobs are stretched, short ones after a rest are not", "[machine]") {
    world<machine_sim> w{cpus(2, 4.0)};
    instant brief, lengthy;
    w.run_for(50ms, 1ms, &brief);
    w.run_for(0ns, 102800us, &lengthy);
    w.run();
    CHECK(brief == instant{51ms});
    CHECK(lengthy == instant{2800us + 400ms});
}

TEST_CASE("simulator: waking on a busy CPU takes until its thread gives it up or the tick", "[machine]") {
    auto p = cpus(1);
    p.worker_wake = 5us;
    world<machine_sim> w{p};
    w.run_for(0ns, 1ms);
    w.run_for(9ms, 30ms);
    const auto body = [](world<machine_sim>& here) -> task<> {
        co_await here.sched.sleep_for(400us);
        CHECK(here.cpus.wake_latency(0) == 5us + 600us);
        co_await here.sched.sleep_for(1600us);
        CHECK(here.cpus.wake_latency(0) == 5us);
        co_await here.sched.sleep_for(8ms);
        CHECK(here.cpus.wake_latency(0) == 5us + 2ms);
    };
    w.sched.spawn("observer", body(w));
    w.run();
}

TEST_CASE("simulator: a new job where an ended one lay in memory is a new job", "[machine]") {
    auto p = cpus(1);
    p.worker_wake = 5us;
    world<machine_sim> w{p};  // a slice of 0.35 ms, a tick of 4 ms
    w.run_for(0ns, 200us);
    const auto body = [](world<machine_sim>& here) -> task<> {
        co_await here.sched.sleep_for(3900us);
        here.run_for(0ns, 30ms);  // as a rule the allocator gives it the place of the first
        co_await here.sched.sleep_for(50us);
        CHECK(here.cpus.wake_latency(0) == 5us + 4050us);  // the tick at 4 ms is within its slice
    };
    w.sched.spawn("observer", body(w));
    w.run();
}

TEST_CASE("simulator: who goes on keeps its CPU until it sleeps or its slice is over", "[machine]") {
    world<machine_sim> w{cpus(1)};  // a slice of 0.35 ms, a tick of 4 ms
    const auto writer = [](world<machine_sim>& here, int writes, nanoseconds each, nanoseconds then) -> task<> {
        for (int n = 0; n < writes; ++n) co_await here.cpus.consume(each, then);
        co_await here.sched.sleep_for(50ms);
    };
    const nanoseconds then = GENERATE(0ns, 1ns);
    const int writes = GENERATE(10, 100);
    instant ended;
    w.sched.spawn("writer", writer(w, writes, 100us, then));
    w.run_for(50us, 10us, &ended);
    w.run();
    if (then == 0ns)
        CHECK(ended == instant{110us});
    else if (writes == 10)
        CHECK(ended == instant{1010us});  // its last one says so too, and is not believed for longer than it sleeps
    else
        CHECK(ended == instant{4010us});
}

TEST_CASE("simulator: a new process begins on the CPU that fell idle last", "[machine]") {
    world<machine_sim> w{cpus(4)};
    w.run_for(0ns, 5ms, nullptr, 1);
    w.run_for(0ns, 3ms, nullptr, 2);
    w.run_for(0ns, 30ms, nullptr, 3);
    w.sched.spawn("observer", w.job(0ns, 10ms, nullptr), sched::fiber_kind::thread, 0);
    w.sched.run_until([] { return false; }, instant{6ms});
    CHECK(w.cpus.fork_cpu(0) == 1);
    CHECK(w.cpus.fork_cpu(1) == 2);
    w.run();
}

TEST_CASE("simulator: those who wait for a CPU delay who wakes there by what they ask for, at most a tick each",
          "[machine]") {
    auto p = cpus(1);
    p.worker_wake = 5us;
    world<machine_sim> w{p};
    w.run_for(0ns, 1ms);
    w.run_for(100us, 50us);
    w.run_for(200us, 30ms);
    const auto body = [](world<machine_sim>& here) -> task<> {
        co_await here.sched.sleep_for(400us);
        CHECK(here.cpus.wake_latency(0) == 5us + 600us + 50us + here.cpus.next_tick(0, {}).time_since_epoch());
    };
    w.sched.spawn("observer", body(w));
    w.run();
}

TEST_CASE("simulator: on a shared clock an interrupt waits for the turns of the busy CPUs in between", "[machine]") {
    auto p = cpus(4);
    p.shared_clock = true;
    world<machine_sim> w{p};
    for (int i = 0; i < 4; ++i) w.run_for(0ns, i == 1 ? 50ms : 200us);
    const auto body = [](world<machine_sim>& here) -> task<> {
        co_await here.sched.sleep_for(400us);  // the short ones have half of theirs left
        here.sched.current()->cpu = 0;
        const auto tick = here.cpus.next_tick(0, {}).time_since_epoch();
        std::vector<nanoseconds> waits;
        for (int c = 0; c < 4; ++c) waits.push_back(here.cpus.run_delay(c, here.sched.now()));
        std::sort(waits.begin(), waits.end());
        CHECK(waits[0] == 0ns);  // its own
        CHECK(waits[1] == 0ns);  // the next in turn
        CHECK(waits[3] >= waits[2]);
        CHECK(waits[3] > 0ns);
        CHECK(waits[3] <= tick / 4 + 100us);  // one long turn and one that ends when its thread blocks
    };
    w.sched.spawn("sender", body(w));
    w.run();
}

TEST_CASE("simulator: on a shared clock busy CPUs hear of a tick in turn", "[machine]") {
    auto p = cpus(4);
    p.shared_clock = true;
    world<machine_sim> w{p};
    const auto together = w.cpus.next_tick(0, {});
    for (int c = 1; c < 4; ++c) CHECK(w.cpus.next_tick(c, {}) == together);  // none is busy
    for (int i = 0; i < 4; ++i) w.run_for(0ns, 50ms);
    const auto body = [](world<machine_sim>& here) -> task<> {
        co_await here.sched.sleep_for(400us);
        const auto tick = here.cpus.next_tick(0, here.sched.now());
        const auto turn = (here.cpus.next_tick(0, tick) - tick) / 4;
        for (int c = 0; c < 4; ++c) CHECK(here.cpus.next_tick(c, tick) == tick + (c == 0 ? 4 : c) * turn);
        CHECK(here.cpus.next_tick(3, {}) < tick);  // the one before: its turn is still to come
    };
    w.sched.spawn("observer", body(w));
    w.run();
}
