#include "fusefs/sched/exhaustive.hpp"

#include "fusefs/sched/lock.hpp"
#include "fusefs/sched/search.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <set>
#include <string>

using namespace drainlab::sched;
using namespace std::chrono_literals;

namespace {

constexpr point here{"here"};

struct seen {
    std::multiset<std::string> traces;
    std::uint64_t schedules{}, deadlocks{}, livelocks{};
    std::set<std::string> distinct() const { return {traces.begin(), traces.end()}; }
};

/// Runs every schedule of what `build` spawns; it writes what happens into the string.
seen explore(exhaustive_options options, const std::function<void(exhaustive_scheduler&, std::string&)>& build) {
    seen all;
    depth_first search;
    do {
        exhaustive_scheduler s{search, options};
        std::string trace;
        build(s, trace);
        const auto outcome = s.run();
        ++all.schedules;
        all.deadlocks += outcome == exhaustive_outcome::deadlock;
        all.livelocks += outcome == exhaustive_outcome::livelock;
        all.traces.insert(trace);
    } while (search.next());
    return all;
}

task<> writes(scheduler& s, std::string& trace, char name, int times) {
    for (int i = 0; i < times; ++i) {
        trace += name;
        if (i + 1 < times) co_await s.preempt(here);
    }
}

void two_writers(exhaustive_scheduler& s, std::string& trace) {
    s.spawn("a", writes(s, trace, 'a', 3));
    s.spawn("b", writes(s, trace, 'b', 3));
}

}  // namespace

TEST_CASE("without a bound every interleaving of two tasks is seen, each once", "[exhaustive]") {
    const auto all = explore({.preemptions = -1}, two_writers);
    CHECK(all.distinct().size() == 20);  // 6 over 3
    CHECK(all.schedules == 20);
}

TEST_CASE("a search and what was split off it see together what one search sees, each once", "[exhaustive]") {
    std::vector<std::string> whole, parts;
    depth_first one;
    do {
        exhaustive_scheduler s{one, {.preemptions = -1}};
        std::string trace;
        two_writers(s, trace);
        s.run();
        whole.push_back(trace);
    } while (one.next());
    std::deque<depth_first> todo(1);
    for (; !todo.empty(); todo.pop_front()) {
        int n = 0;
        do {
            exhaustive_scheduler s{todo.front(), {.preemptions = -1}};
            std::string trace;
            two_writers(s, trace);
            s.run();
            parts.push_back(trace);
            if (!todo.front().next()) break;
            if (++n % 3 == 0)
                if (auto rest = todo.front().split()) todo.push_back(std::move(*rest));
        } while (true);
    }
    std::sort(whole.begin(), whole.end());
    std::sort(parts.begin(), parts.end());
    CHECK(parts == whole);
    CHECK(whole.size() == 20);
}

TEST_CASE("held back means: nobody runs it while anybody else can, and one delay is enough for that", "[exhaustive]") {
    const auto all = explore({.preemptions = 1, .delays = true}, [](exhaustive_scheduler& s, std::string& trace) {
        const auto body = [](scheduler& on, std::string& into, char name) -> task<> {
            for (int i = 0; i < 3; ++i) {
                into += name;
                co_await on.yield();
            }
        };
        for (const char name : {'a', 'b'}) s.spawn({name}, body(s, trace, name));
    });
    CHECK(all.distinct().contains("ababab"));
    CHECK(all.distinct().contains("bbbaaa"));
}

TEST_CASE("the bound limits preemptions, not what happens where a task blocks", "[exhaustive]") {
    CHECK(explore({.preemptions = 0}, two_writers).distinct() == std::set<std::string>{"aaabbb", "bbbaaa"});
    CHECK(explore({.preemptions = 1}, two_writers).distinct().size() == 6);
    const auto yields = [](exhaustive_scheduler& s, std::string& trace) {
        const auto body = [](scheduler& on, std::string& into, char name) -> task<> {
            into += name;
            co_await on.yield();
            into += name;
        };
        for (const char name : {'a', 'b'}) s.spawn({name}, body(s, trace, name));
    };
    CHECK(explore({.preemptions = 0}, yields).distinct().size() == 6);
}

TEST_CASE("a lost wake-up is a deadlock that only some schedules have", "[exhaustive]") {
    const auto all = explore({.preemptions = 1}, [](exhaustive_scheduler& s, std::string&) {
        static bool done;
        done = false;
        const auto sleeper = [](scheduler& on) -> task<> {
            if (done) co_return;
            co_await on.preempt(here);
            co_await on.wait_on(&done, "done");
        };
        const auto waker = [](scheduler& on) -> task<> {
            done = true;
            on.wake_all(&done);
            co_return;
        };
        s.spawn("sleeper", sleeper(s));
        s.spawn("waker", waker(s));
    });
    CHECK(all.deadlocks > 0);
    CHECK(all.deadlocks < all.schedules);
}

TEST_CASE("a run beyond its step limit is a livelock, not cut silently", "[exhaustive]") {
    const auto all = explore({.preemptions = 0, .step_limit = 50}, [](exhaustive_scheduler& s, std::string&) {
        const auto spin = [](scheduler& on) -> task<> {
            for (;;) co_await on.yield();
        };
        s.spawn("spin", spin(s));
    });
    CHECK(all.livelocks == all.schedules);
    const auto busy = explore({.preemptions = 0, .step_limit = 50}, [](exhaustive_scheduler& s, std::string&) {
        const auto spin = [](scheduler& on) -> task<> {
            for (;;) co_await on.preempt(here);
        };
        s.spawn("spin", spin(s));
    });
    CHECK(busy.livelocks == 1);
}

TEST_CASE("timers expire early only as often as allowed, and always when nothing else can happen", "[exhaustive]") {
    const auto build = [](exhaustive_scheduler& s, std::string& trace) {
        const auto sleeper = [](scheduler& on, std::string& into) -> task<> {
            co_await on.sleep_for(5s);
            into += 't';
        };
        s.spawn("sleeper", sleeper(s, trace));
        s.spawn("worker", writes(s, trace, 'w', 2));
    };
    CHECK(explore({.preemptions = 1, .timers = 0}, build).distinct() == std::set<std::string>{"wwt"});
    CHECK(explore({.preemptions = 1, .timers = 1}, build).distinct() == std::set<std::string>{"wwt", "wtw", "tww"});
}

// The textbook test of store buffering: both loads may miss both stores, unless there are barriers in between.
namespace {

seen store_buffering(bool barriers, bool modelled) {
    return explore({.preemptions = -1, .store_buffers = modelled}, [=](exhaustive_scheduler& s, std::string& trace) {
        struct state {
            shared x, y;
            explicit state(scheduler& on) : x{on}, y{on} {}
        };
        const auto at = std::make_shared<state>(s);
        const auto body = [](scheduler& on, std::shared_ptr<state> st, bool first, bool fence,
                             std::string& into) -> task<> {
            shared& mine = first ? st->x : st->y;
            shared& other = first ? st->y : st->x;
            mine.store(1);
            co_await on.preempt(here);
            if (fence) co_await smp_mb(on);
            const auto value = other.load();
            into += (first ? "a" : "b") + std::to_string(value);
            co_await on.preempt(here);  // its end would be a barrier
        };
        s.spawn("a", body(s, at, true, barriers, trace));
        s.spawn("b", body(s, at, false, barriers, trace));
    });
}

bool both_missed(const seen& all) { return all.traces.contains("a0b0") || all.traces.contains("b0a0"); }

}  // namespace

TEST_CASE("store buffering: without barriers both loads may miss, with them never", "[exhaustive][memory]") {
    CHECK(both_missed(store_buffering(false, true)));
    CHECK_FALSE(both_missed(store_buffering(true, true)));
    CHECK_FALSE(both_missed(store_buffering(false, false)));
}

TEST_CASE("a lock's release publishes what was stored before it; a relaxed increment is not lost",
          "[exhaustive][memory]") {
    const auto all = explore({.preemptions = -1}, [](exhaustive_scheduler& s, std::string& trace) {
        struct state {
            shared n;
            spinlock lock;
            explicit state(scheduler& on) : n{on}, lock{on, "lock"} {}
        };
        const auto at = std::make_shared<state>(s);
        const auto adds = [](scheduler& on, std::shared_ptr<state> st, std::string& into) -> task<> {
            {
                const auto held = co_await st->lock.lock();
                st->n.inc();
                co_await on.preempt(here);
            }
            const auto held = co_await st->lock.lock();
            into += std::to_string(st->n.load());
        };
        s.spawn("a", adds(s, at, trace));
        s.spawn("b", adds(s, at, trace));
    });
    for (const auto& trace : all.distinct()) {
        CAPTURE(trace);
        CHECK((trace == "12" || trace == "22"));
    }
}

TEST_CASE("an unlock shows what came before it to the next holder at once, to others when they happen to see it",
          "[exhaustive][memory]") {
    const auto all = explore({.preemptions = -1}, [](exhaustive_scheduler& s, std::string& trace) {
        struct state {
            shared n;
            spinlock lock;
            explicit state(scheduler& on) : n{on}, lock{on, "lock"} {}
        };
        const auto at = std::make_shared<state>(s);
        const auto owner = [](scheduler& on, std::shared_ptr<state> with, std::string& into) -> task<> {
            for (int round = 0; round < 2; ++round) {  // a lock of our own behind our unlock orders nothing either
                const auto held = co_await with->lock.lock();
                if (round == 0) with->n.store(1);
            }
            into += "u";
            co_await on.preempt(here);  // its end would be a barrier
        };
        const auto holder = [](std::shared_ptr<state> with, std::string& into) -> task<> {
            const auto held = co_await with->lock.lock();
            into += "h" + std::to_string(with->n.load());
        };
        const auto looker = [](std::shared_ptr<state> with, std::string& into) -> task<> {
            into += "l" + std::to_string(with->n.load());
            co_return;
        };
        s.spawn("owner", owner(s, at, trace));
        s.spawn("holder", holder(at, trace));
        s.spawn("looker", looker(at, trace));
    });
    CHECK(all.traces.contains("ul0h1"));  // seen late, and yet by the next holder
    CHECK(all.traces.contains("ul1h1"));
    for (const auto& trace : all.traces)
        if (trace.starts_with("u")) CHECK(trace.find("h0") == std::string::npos);
}

TEST_CASE("any run can be replayed from its schedule, with the same trace", "[exhaustive][replay]") {
    const auto run = [](decider& d, int bound, std::string& trace) {
        exhaustive_scheduler s{d, {.preemptions = bound}};
        two_writers(s, trace);
        s.run();
        return s.trace_hash();
    };
    const auto check = [&](recording_decider& d) {
        for (int n = 0; n < 50; ++n) {
            d.begin();
            std::string first, second;
            const auto hash = run(d, -1, first);
            const auto text = to_string(d.taken(-1));
            CAPTURE(text);
            replay again{*parse_schedule(text)};
            CHECK(run(again, -1, second) == hash);
            CHECK(first == second);
        }
    };
    random_walk walk{3};
    check(walk);
    pct priorities{3};
    check(priorities);
}

TEST_CASE("the same string gives the same trace on every build and under sanitizers", "[exhaustive][replay]") {
    replay kept{*parse_schedule("u:2A1A")};
    exhaustive_scheduler s{kept, {}};
    std::string trace;
    two_writers(s, trace);
    s.run();
    CHECK(kept.used_up());
    CHECK(trace == "aabbab");
    CHECK(s.trace_hash() == 0xf3e39324c6ea22fu);
}

TEST_CASE("a schedule of another world is noticed", "[exhaustive][replay]") {
    replay wrong{schedule{-1, {9}}};
    exhaustive_scheduler s{wrong, {}};
    std::string trace;
    two_writers(s, trace);
    CHECK_THROWS_AS(s.run(), nondeterminism);
}

TEST_CASE("a search can stop anywhere and go on elsewhere, and sees every schedule once", "[exhaustive][checkpoint]") {
    const auto run = [](depth_first& search) {
        exhaustive_scheduler s{search, {.preemptions = -1}};
        std::string trace;
        two_writers(s, trace);
        s.run();
        return trace;
    };
    std::multiset<std::string> traces;
    depth_first first;
    for (int n = 0; n < 7; ++n) {
        traces.insert(run(first));
        REQUIRE(first.next());
    }
    CHECK(first.explored() > 0);
    CHECK(first.explored() < 1);
    depth_first second;
    second.resume(first.branches());
    do traces.insert(run(second));
    while (second.next());
    CHECK(traces.size() == 20);
    CHECK(std::set<std::string>{traces.begin(), traces.end()}.size() == 20);
}

TEST_CASE("PCT finds a bug that needs one preemption at one place", "[exhaustive][pct]") {
    pct search{11, 2};
    bool found = false;
    for (int n = 0; n < 2000 && !found; ++n) {
        search.begin();
        exhaustive_scheduler s{search, {}};
        std::string trace;
        s.spawn("a", writes(s, trace, 'a', 10));
        s.spawn("b", writes(s, trace, 'b', 10));
        s.run();
        found = trace == "aaaaaaabbbbbbbbbbaaa";
    }
    CHECK(found);
}
