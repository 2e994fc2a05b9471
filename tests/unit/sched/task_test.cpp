#include "fusefs/sched/task.hpp"

#include "fusefs/sched/check.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using namespace drainlab::sched;

namespace {

static_assert(!std::is_copy_constructible_v<task<>> && !std::is_copy_assignable_v<task<int>>);
static_assert(std::is_nothrow_move_constructible_v<task<>> && std::is_nothrow_move_assignable_v<task<int>>);

/// Runs a task that never waits for anything but tasks.
template <class T>
T run(task<T> t) {
    resume_chain(t.coroutine());
    REQUIRE(t.done());
    return t.take();
}

task<int> one(int& starts) {
    ++starts;
    co_return 1;
}

task<long> sum_of_awaits(int n) {
    long sum = 0;
    int starts = 0;
    for (int i = 0; i < n; ++i) sum += co_await one(starts);
    co_return sum;
}

task<int> deep(int levels) {
    if (levels == 0) co_return 0;
    const int below = co_await deep(levels - 1);
    co_return below + 1;
}

task<> deep_throw(int levels) {
    if (levels == 0) throw std::runtime_error{"from the bottom"};
    co_await deep_throw(levels - 1);
}

}  // namespace

TEST_CASE("a task does not begin before it is awaited", "[task]") {
    int starts = 0;
    {
        const auto never = one(starts);
        CHECK_FALSE(never.done());
    }
    CHECK(starts == 0);
    const auto awaiting = [](int& n) -> task<int> {
        auto t = one(n);
        CHECK(n == 0);
        co_return co_await t;
    };
    CHECK(run(awaiting(starts)) == 1);
    CHECK(starts == 1);
}

TEST_CASE("a moved task leaves an empty one behind", "[task]") {
    int starts = 0;
    auto a = one(starts);
    auto b = std::move(a);
    CHECK_FALSE(a);  // NOLINT(bugprone-use-after-move): that is the point
    REQUIRE(b);
    a = std::move(b);
    const int result = run(std::move(a));
    CHECK(result == 1);
}

TEST_CASE("a task that is replaced or dropped destroys its frame", "[task]") {
    const auto token = std::make_shared<int>(1);
    const auto hold = [](std::shared_ptr<int> kept) -> task<> {
        CHECK(kept);
        co_return;
    };
    auto t = hold(token);
    CHECK(token.use_count() == 2);
    t = task<>{};
    CHECK(token.use_count() == 1);
}

TEST_CASE("values move through a task, also those that cannot be copied", "[task]") {
    const auto inner = []() -> task<std::unique_ptr<std::string>> { co_return std::make_unique<std::string>("x"); };
    const auto outer = [&]() -> task<std::string> {
        const auto p = co_await inner();
        co_return *p + "y";
    };
    CHECK(run(outer()) == "xy");
}

TEST_CASE("an exception reaches the awaiter, which may handle it and go on", "[task]") {
    const auto fail = []() -> task<int> {
        throw std::out_of_range{"no"};
        co_return 0;
    };
    const auto handle = [&]() -> task<std::string> {
        std::string said;
        try {
            co_await fail();
        } catch (const std::out_of_range& e) { said = e.what(); }
        int starts = 0;
        co_await one(starts);
        co_return said + std::to_string(starts);
    };
    CHECK(run(handle()) == "no1");
    CHECK_THROWS_AS(run(fail()), std::out_of_range);
}

TEST_CASE("locals are destroyed before the awaiter goes on, in reverse order", "[task]") {
    struct logs {
        std::vector<int>& log;
        int n;
        ~logs() { log.push_back(n); }
    };
    std::vector<int> log;
    const auto inner = [](std::vector<int>& l) -> task<> {
        const logs a{l, 1};
        const logs b{l, 2};
        co_return;
    };
    const auto outer = [&]() -> task<> {
        co_await inner(log);
        log.push_back(3);
    };
    run(outer());
    CHECK(log == std::vector{2, 1, 3});
}

TEST_CASE("a million awaits in sequence need no stack", "[task]") { CHECK(run(sum_of_awaits(1'000'000)) == 1'000'000); }

TEST_CASE("a chain 100,000 deep needs no stack", "[task]") { CHECK(run(deep(100'000)) == 100'000); }

TEST_CASE("an exception climbs out of a chain 100,000 deep", "[task]") {
    CHECK_THROWS_WITH(run(deep_throw(100'000)), "from the bottom");
}
