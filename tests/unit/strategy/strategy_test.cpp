#include "controller/strategy/strategy.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace drainlab::strategy;
using namespace std::chrono_literals;

namespace {

/// A mount that is busy for a while: time moves in the pauses.
struct busy_mount final : target {
    explicit busy_mount(std::chrono::nanoseconds until, int error = EBUSY) : busy_until{until}, answer{error} {}
    int unmount(bool lazily) override {
        (lazily ? lazy_calls : plain_calls)++;
        return lazily || now >= busy_until ? 0 : answer;
    }
    void pause(std::chrono::nanoseconds length) override { now += length; }
    std::chrono::nanoseconds now{0}, busy_until;
    int answer, plain_calls = 0, lazy_calls = 0;
};

const recipe four_tries{{10ms, 2, 1s, 4}, last_resort::lazy};  // at 0, 10, 30 and 70 ms

}  // namespace

TEST_CASE("sync asks once", "[strategy]") {
    busy_mount m{1ms};
    const auto a = unmount_by(kind::sync, four_tries, m);
    CHECK_FALSE(a.done());
    CHECK(a.error == EBUSY);
    CHECK(m.plain_calls == 1);
    CHECK(m.now == 0ms);
}

TEST_CASE("lazy never finds it busy", "[strategy]") {
    busy_mount m{1h};
    const auto a = unmount_by(kind::lazy, four_tries, m);
    CHECK(a.done());
    CHECK_FALSE(a.fell_back);
    CHECK((m.plain_calls == 0 && m.lazy_calls == 1));
}

TEST_CASE("retry waits for the holder", "[strategy]") {
    const auto k = GENERATE(kind::retry, kind::async_pool);  // a worker does the same
    SECTION("who lets go in time") {
        busy_mount m{25ms};
        const auto a = unmount_by(k, four_tries, m);
        CHECK(a.done());
        CHECK_FALSE(a.fell_back);
        CHECK(a.tries == 3);
        CHECK(m.now == 30ms);
    }
    SECTION("who does not: lazily then") {
        busy_mount m{71ms};
        const auto a = unmount_by(k, four_tries, m);
        CHECK(a.done());
        CHECK(a.fell_back);
        CHECK(m.plain_calls == 4);
        CHECK(m.lazy_calls == 1);
        CHECK(m.now == 70ms);  // no pause after the last try
    }
    SECTION("who does not: given up, if that is wanted") {
        busy_mount m{71ms};
        const auto a = unmount_by(k, {four_tries.pauses, last_resort::fail}, m);
        CHECK(a.error == EBUSY);
        CHECK(a.tries == 4);
        CHECK(m.lazy_calls == 0);
    }
}

TEST_CASE("another error than EBUSY ends the tries, and is not papered over lazily", "[strategy]") {
    busy_mount m{1s, EINVAL};
    const auto a = unmount_by(kind::retry, four_tries, m);
    CHECK(a.error == EINVAL);
    CHECK((m.plain_calls == 1 && m.lazy_calls == 0));
}

TEST_CASE("names of strategies go both ways", "[strategy]") {
    for (const auto& name : kind_names()) CHECK(name_of(*kind_named(name)) == name);
    CHECK(kind_names() == std::vector<std::string>{"sync", "lazy", "retry", "async-pool"});
    CHECK_FALSE(kind_named("async"));
}
