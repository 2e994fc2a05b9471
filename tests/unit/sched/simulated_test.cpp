#include "fusefs/sched/simulated.hpp"

#include "fusefs/sched/lock.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

using namespace drainlab::sched;
using namespace std::chrono_literals;

namespace {

/// Eight fibers that write down every step they make: a trace that depends on every choice of the scheduler.
std::string trace_of(simulated_options options, std::uint64_t* hash = nullptr) {
    simulated_scheduler s{options};
    mutex m{s, "m"};
    std::string trace;
    const auto body = [&](char name) -> task<> {
        for (int i = 0; i < 10; ++i) {
            co_await s.preempt(point{"here"});
            trace += name;
            {
                const auto held = co_await m.lock();
                co_await s.yield();
            }
            if (i % 3 == 0) co_await s.sleep_until(s.now() + 1us * (name - 'a'));
        }
    };
    for (char c = 'a'; c < 'i'; ++c) s.spawn(std::string{c}, body(c));
    REQUIRE(s.run() == run_outcome::finished);
    if (hash) *hash = s.trace_hash();
    return trace;
}

}  // namespace

TEST_CASE("same seed, same trace; other seeds, other traces", "[simulated]") {
    std::set<std::string> traces;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        std::uint64_t first = 0, second = 0;
        const auto trace = trace_of({.seed = seed}, &first);
        CHECK(trace == trace_of({.seed = seed}, &second));
        CHECK(first == second);
        traces.insert(trace);
    }
    CHECK(traces.size() == 20);
}

TEST_CASE("without shuffle and without preemption the order is that of arrival, whatever the seed", "[simulated]") {
    CHECK(trace_of({.seed = 1, .preempt_one_in = 0, .shuffle = false}) ==
          trace_of({.seed = 2, .preempt_one_in = 0, .shuffle = false}));
}

TEST_CASE("the seed's numbers are the same on every machine", "[simulated]") {
    drainlab::sched::random r{42};
    CHECK(r.next() == 0xbdd732262feb6e95u);  // splitmix64, first output for seed 42
    for (int i = 0; i < 1000; ++i) {
        CHECK(r.below(3) < 3);
        const double u = r.uniform();
        CHECK((u >= 0 && u < 1));
    }
}

TEST_CASE("virtual time jumps: an hour passes at once, to the nanosecond", "[simulated]") {
    simulated_scheduler s;
    instant end{};
    const auto body = [&]() -> task<> {
        co_await s.sleep_until(s.now() + 1h);
        end = s.now();
    };
    s.spawn("sleeps", body());
    CHECK(s.run() == run_outcome::finished);
    CHECK(end.time_since_epoch() == 1h);
    CHECK(s.now() == end);
}

TEST_CASE("work takes no virtual time", "[simulated]") {
    simulated_scheduler s;
    const auto body = [&]() -> task<> {
        for (int i = 0; i < 1000; ++i) co_await s.yield();
    };
    s.spawn("works", body());
    s.spawn("works", body());
    CHECK(s.run() == run_outcome::finished);
    CHECK(s.now() == instant{});
}

TEST_CASE("run(limit) stops at the limit and can go on", "[simulated]") {
    simulated_scheduler s;
    int ticks = 0;
    const auto body = [&]() -> task<> {
        for (int i = 0; i < 10; ++i) {
            co_await s.sleep_until(s.now() + 10ms);
            ++ticks;
        }
    };
    s.spawn("ticks", body());
    CHECK(s.run_for(35ms) == run_outcome::until);
    CHECK(ticks == 3);
    CHECK(s.now().time_since_epoch() == 35ms);
    CHECK(s.run_for(5ms) == run_outcome::until);  // a timer at the limit itself has fired
    CHECK(ticks == 4);
    CHECK(s.run() == run_outcome::finished);
    CHECK(s.now().time_since_epoch() == 100ms);
}

TEST_CASE("tasks left with nothing to run are a deadlock, services are not", "[simulated]") {
    simulated_scheduler s;
    const int work = 0;
    const auto serves = [&]() -> task<> {
        for (;;) co_await s.wait_on(&work, "work");
    };
    s.spawn("kworker", serves(), fiber_kind::service);
    CHECK(s.run() == run_outcome::finished);

    mutex a{s, "a"}, b{s, "b"};
    const auto crosswise = [&](mutex& first, mutex& second) -> task<> {
        const auto one = co_await first.lock();
        co_await s.sleep_until(s.now() + 1ms);
        const auto two = co_await second.lock();
    };
    s.spawn("ab", crosswise(a, b));
    s.spawn("ba", crosswise(b, a));
    CHECK(s.run() == run_outcome::deadlock);
    std::set<std::string> said;
    for (const auto& w : s.waiting())
        if (w.kind == fiber_kind::thread) {
            said.insert(w.task + " waits for " + w.waits_for);
            CHECK(w.since.time_since_epoch() == 1ms);
        }
    CHECK(said == std::set<std::string>{"ab waits for b", "ba waits for a"});
}

TEST_CASE("a point lets others in with the asked frequency", "[simulated]") {
    const auto interleavings = [](std::uint32_t one_in) {
        simulated_scheduler s{{.seed = 3, .preempt_one_in = one_in}};
        const auto body = [&]() -> task<> {
            for (int i = 0; i < 1000; ++i) co_await s.preempt(point{"p"});
        };
        s.spawn("a", body());
        CHECK(s.run() == run_outcome::finished);
        return s.steps() - 1;
    };
    CHECK(interleavings(0) == 0);
    CHECK(interleavings(1) == 1000);
    const auto some = interleavings(8);
    CHECK(some > 60);
    CHECK(some < 200);
}

TEST_CASE("run_for lets services work though no other fiber is left", "[simulated]") {
    simulated_scheduler s;
    int ticks = 0;
    const auto serves = [&]() -> task<> {
        for (;;) {
            co_await s.sleep_until(s.now() + 10ms);
            ++ticks;
        }
    };
    s.spawn("kworker", serves(), fiber_kind::service);
    CHECK(s.run() == run_outcome::finished);
    CHECK(ticks == 0);
    CHECK(s.run_for(100ms) == run_outcome::until);
    CHECK(ticks == 10);
}

TEST_CASE("run_until stops at the step that makes its condition true", "[simulated]") {
    simulated_scheduler s;
    int ticks = 0;
    const auto body = [&]() -> task<> {
        for (;;) {
            co_await s.sleep_until(s.now() + 10ms);
            ++ticks;
        }
    };
    s.spawn("ticks", body());
    CHECK(s.run_until([&] { return ticks == 3; }) == run_outcome::finished);
    CHECK(s.now().time_since_epoch() == 30ms);
    CHECK(s.run_until([&] { return ticks == 10; }, s.now() + 25ms) == run_outcome::until);
    CHECK(ticks == 5);
}

TEST_CASE("drop_all ends all fibers, newest first, and the scheduler stays usable for questions", "[simulated]") {
    simulated_scheduler s;
    std::vector<int> order;
    struct notes {
        std::vector<int>& order;
        int n;
        ~notes() { order.push_back(n); }
    };
    const auto waits = [&](int n) -> task<> {
        const notes at_end{order, n};
        co_await s.wait_on(&order, "for ever");
    };
    for (int n = 0; n < 3; ++n) s.spawn("waits", waits(n));
    CHECK(s.run() == run_outcome::deadlock);
    s.drop_all();
    CHECK(order == std::vector{2, 1, 0});
    CHECK(s.waiting().empty());
    s.wake_all(&order);  // nobody
}
