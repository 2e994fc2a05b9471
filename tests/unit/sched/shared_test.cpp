#include "fusefs/sched/shared.hpp"

#include "fusefs/sched/simulated.hpp"

#include <catch2/catch.hpp>

using namespace drainlab::sched;

TEST_CASE("a shared variable is plain memory where no memory model is installed", "[shared]") {
    simulated_scheduler s;
    shared v{s, 3};
    CHECK(v.load() == 3);
    v.store(5);
    CHECK(v.load() == 5);
    CHECK(v.peek() == 5);
    CHECK(v.add(-6) == -1);
    CHECK(v.load() == -1);
    shared other{s};
    CHECK(other.load() == 0);
    CHECK(other.key() != v.key());
}

TEST_CASE("smp_mb lets the other task in between, under some seed", "[shared]") {
    // Store buffering on plain memory: both tasks see 0 never happens; one sees 0, or none.
    int both = 0, mixed = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        simulated_scheduler s{{.seed = seed, .preempt_one_in = 2}};
        shared x{s}, y{s};
        std::int64_t saw_y = -1, saw_x = -1;
        const auto left = [&]() -> task<> {
            x.store(1);
            co_await smp_mb(s);
            saw_y = y.load();
        };
        const auto right = [&]() -> task<> {
            y.store(1);
            co_await smp_mb(s);
            saw_x = x.load();
        };
        s.spawn("left", left());
        s.spawn("right", right());
        REQUIRE(s.run() == run_outcome::finished);
        CHECK_FALSE((saw_x == 0 && saw_y == 0));
        (saw_x == 1 && saw_y == 1 ? both : mixed) += 1;
    }
    CHECK(both > 0);
    CHECK(mixed > 0);
}
