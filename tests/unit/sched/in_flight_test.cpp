// Work counted by guard objects.
#include "fusefs/sched/in_flight.hpp"

#include "fusefs/sched/simulated.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::sched;
using namespace std::chrono_literals;

namespace {

task<> work(scheduler& s, in_flight::hold hold, nanoseconds d, int& done) {
    co_await s.sleep_for(d);
    hold.release();
    ++done;
}

task<> close_and_say(scheduler& s, in_flight& w, instant deadline, int& said) {
    said = co_await w.close(s, deadline) ? 1 : 0;
}

}  // namespace

TEST_CASE("closing waits for the last hold", "[in_flight]") {
    const auto seed = GENERATE(range<std::uint64_t>(1, 20));
    simulated_scheduler s{{seed}};
    in_flight w;
    int done = 0, said = -1;
    for (int i = 1; i <= 5; ++i) s.spawn("work", work(s, w.enter(), i * 1ms, done));
    s.spawn("close", close_and_say(s, w, instant::max(), said));
    s.run();
    CHECK(done == 5);
    CHECK(said == 1);
    CHECK(s.now().time_since_epoch() == 5ms);
    CHECK_FALSE(w.try_enter());
}

TEST_CASE("closing has a limit", "[in_flight]") {
    simulated_scheduler s;
    in_flight w;
    int done = 0, said = -1;
    s.spawn("work", work(s, w.enter(), 10ms, done));
    s.spawn("close", close_and_say(s, w, instant{3ms}, said));
    s.run_until([&] { return said >= 0; });
    CHECK(said == 0);
    CHECK(s.now().time_since_epoch() == 3ms);
    CHECK(w.count() == 1);
    s.run();
    CHECK(w.count() == 0);
}

TEST_CASE("a hold goes with the fiber that is dropped", "[in_flight]") {
    in_flight w;
    int done = 0;
    {
        simulated_scheduler s;
        s.spawn("work", work(s, w.enter(), 1h, done));
        s.run_for(1ms);
        CHECK(w.count() == 1);
    }
    CHECK(w.count() == 0);
    CHECK(done == 0);
}

TEST_CASE("without a fiber: told once, at once when nothing is under way", "[in_flight]") {
    in_flight w;
    int told = 0;
    auto one = w.enter(), two = w.enter();
    auto moved = std::move(one);
    w.close([&] { ++told; });
    two.release();
    CHECK(told == 0);
    moved = {};
    CHECK(told == 1);
    moved.release();
    CHECK(told == 1);
    w.close([&] { ++told; });
    CHECK(told == 2);
}

TEST_CASE("holds may outlive what was abandoned, and closing ends then", "[in_flight]") {
    simulated_scheduler s;
    in_flight::hold left;
    int said = -1;
    {
        in_flight w;
        left = w.enter();
        s.spawn("close", close_and_say(s, w, instant::max(), said));
        s.run_for(1ms);
        CHECK(said == -1);
        w.abandon();
        s.run();
        CHECK(said == 0);
    }
    left.release();
}
