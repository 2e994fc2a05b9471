// The same contract: how fibers end, and the scheduler with them.
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

TEMPLATE_LIST_TEST_CASE("an exception that leaves a fiber reaches the loop's caller; the others go on", "[scheduler]",
                        both_worlds) {
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

TEMPLATE_LIST_TEST_CASE("a scheduler that dies with fibers alive destroys their frames", "[scheduler]", both_worlds) {
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

TEMPLATE_LIST_TEST_CASE("a fiber that waits 100,000 tasks deep is destroyed innermost first, without nesting",
                        "[scheduler]", both_worlds) {
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

TEMPLATE_LIST_TEST_CASE("a thousand fibers that all sleep, wake and yield come to an end", "[scheduler]", both_worlds) {
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

TEST_CASE("An exception of a body that never waited is its starter's", "[scheduler]") {
    simulated_scheduler s;
    const auto throws = []() -> task<> {
        throw std::runtime_error{"no"};
        co_return;
    };
    CHECK_THROWS_AS(s.start("throws", throws()), std::runtime_error);
    CHECK(s.run() == run_outcome::finished);
}
