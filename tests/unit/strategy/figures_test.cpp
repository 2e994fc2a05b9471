#include "controller/strategy/figures.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace drainlab::strategy;

namespace {

constexpr std::int64_t ms = 1'000'000;

sample gone(std::int64_t called, std::int64_t returned, std::int64_t dead) {
    sample s;
    s.how.tries = 1;
    s.called = called * ms;
    s.returned = s.ended = returned * ms;
    s.dead = dead * ms;
    return s;
}

}  // namespace

TEST_CASE("who has it dead on return owes nothing", "[strategy]") {
    const auto f = figures_of(kind::sync, {{gone(0, 4, 4), gone(4, 10, 9)}});
    CHECK(f.unmounts == 2);
    CHECK(f.unmounted == 2);
    CHECK(f.behind.max == 0);
    CHECK(f.behind.mean == 0);
    CHECK(f.return_ms->max == 6);
    CHECK(f.dead_ms->max == 5);
}

TEST_CASE("the backlog is what was taken for done and still lives", "[strategy]") {
    // Returned at 1, 2 and 3 ms, dead at 11, 22 and 3 ms: 9 + 11 + ... of 22 ms.
    const auto f = figures_of(kind::lazy, {{gone(0, 1, 11), gone(1, 2, 22), gone(2, 3, 3)}});
    CHECK(f.behind.max == 2);
    CHECK(f.behind.mean == Approx((10.0 + 20.0) / 22));
}

TEST_CASE("batches do not add up, the largest backlog counts", "[strategy]") {
    const std::vector<sample> one{gone(0, 1, 10)}, other{gone(100, 101, 110), gone(101, 102, 110)};
    const auto f = figures_of(kind::lazy, {one, other});
    CHECK(f.behind.max == 2);
    CHECK(f.behind.mean == Approx((9.0 + 9.0 + 8.0) / 20));
}

TEST_CASE("what was given up is counted, has no death, and is nobody's backlog once that is known", "[strategy]") {
    sample s;
    s.how = {EBUSY, 4, false};
    s.held = true;
    s.returned = 1 * ms;
    s.ended = 71 * ms;  // a worker tried until then
    const auto f = figures_of(kind::async_pool, {{s}});
    CHECK(f.left_mounted == 1);
    CHECK(f.unmounted == 0);
    CHECK(f.held == 1);
    CHECK_FALSE(f.dead_ms);
    CHECK(f.behind.max == 1);
    CHECK(f.behind.mean == Approx(70.0 / 71));
}

TEST_CASE("falling back counts only where it worked", "[strategy]") {
    sample s = gone(0, 1, 1);
    s.how.fell_back = true;
    sample failed = s;
    failed.how.error = EPERM;
    failed.dead.reset();
    CHECK(figures_of(kind::retry, {{s, failed}}).fell_back == 1);
}
