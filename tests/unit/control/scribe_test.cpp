#include "fusefs/control/scribe.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <future>
#include <unistd.h>

using drainlab::control::scribe;
using namespace std::chrono_literals;

TEST_CASE("A scribe does what it is given, in order, and is waited for at its end", "[scribe]") {
    std::string done;
    {
        scribe s{{}};
        for (char c = 'a'; c <= 'e'; ++c) CHECK(s.add([&done, c] { done += c; }));
        CHECK(s.finished(10s));
        CHECK(done == "abcde");
        s.add([&done] { done += 'f'; });
    }
    CHECK(done == "abcdef");
}

TEST_CASE("One that hangs is not waited for longer than the limit, and does not take work without end", "[scribe]") {
    std::promise<void> answer;
    const auto answered = answer.get_future().share();
    scribe s{{}};
    s.add([answered] { answered.wait(); });
    CHECK_FALSE(s.finished(1ms));
    std::size_t taken = 0;
    while (s.add([] {}) && taken < 100'000) ++taken;
    CHECK(taken > 1000);
    CHECK(taken < 100'000);
    answer.set_value();
    CHECK(s.finished(20s));
    CHECK(s.add([] {}));
}

TEST_CASE("A scribe's thread has only the descriptors that it is given", "[scribe]") {
    int kept[2], other[2];
    REQUIRE(::pipe2(kept, O_CLOEXEC) == 0);
    REQUIRE(::pipe2(other, O_CLOEXEC) == 0);
    int seen_kept = -1, seen_other = 0;
    {
        scribe s{{kept[1]}};
        s.add([&] {
            seen_kept = ::fcntl(kept[1], F_GETFD);
            seen_other = ::fcntl(other[1], F_GETFD);
        });
    }
    CHECK(seen_kept >= 0);
    CHECK(seen_other == -1);
    for (const int fd : {kept[0], kept[1], other[0], other[1]}) ::close(fd);
}
