#include "fusefs/control/aside.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <cerrno>
#include <fcntl.h>
#include <future>
#include <optional>
#include <thread>
#include <unistd.h>

using namespace drainlab;
using control::aside_room;
using control::do_aside;
using namespace std::chrono_literals;

namespace {

struct pipe_ends {
    pipe_ends() {
        int both[2];
        REQUIRE(::pipe2(both, O_CLOEXEC) == 0);
        for (int k : {0, 1}) ends[k] = std::make_shared<os::unique_fd>(both[k]);
    }
    int out() const { return ends[0]->get(); }
    int in() const { return ends[1]->get(); }
    std::shared_ptr<os::unique_fd> ends[2];
};

}  // namespace

TEST_CASE("What was done aside, and its descriptor, come to the loop", "[aside]") {
    boost::asio::io_context io;
    aside_room room;
    pipe_ends pipe;
    int result = 0;
    std::optional<int> err;
    const auto work = [&](const auto& wanted) {
        result = 7;
        os::unique_fd copy{::dup(pipe.in())};  // the pipe is in the table of the thread
        CHECK(wanted());
        return copy;
    };
    do_aside(io, room, {pipe.ends[1]}, 10s, work, [&](int e, os::unique_fd fd) {
        err = e;
        CHECK(result == 7);
        CHECK(::write(fd.get(), "x", 1) == 1);
    });
    io.run();
    CHECK(err == 0);
    char byte = 0;
    CHECK(::read(pipe.out(), &byte, 1) == 1);
}

TEST_CASE("Who waits too long is left alone, and told so", "[aside]") {
    boost::asio::io_context io;
    aside_room room;
    pipe_ends gate;
    std::promise<bool> was_wanted;
    auto told = was_wanted.get_future();
    const auto work = [&](const auto& wanted) {
        char byte;
        (void)!::read(gate.out(), &byte, 1);
        was_wanted.set_value(wanted());
        return os::unique_fd{};
    };
    std::optional<int> err;
    do_aside(io, room, {gate.ends[0]}, 1ms, work, [&](int e, os::unique_fd) { err = e; });
    while (!err) io.run_one();
    CHECK(err == ETIMEDOUT);
    CHECK(*room.taken == 1);
    CHECK(::write(gate.in(), "x", 1) == 1);
    CHECK_FALSE(told.get());
    while (*room.taken != 0) std::this_thread::yield();
}

TEST_CASE("What a thread was given is closed once nobody needs it", "[aside]") {
    boost::asio::io_context io;
    aside_room room;
    pipe_ends pipe;
    const int number = pipe.out();
    std::optional<int> err;
    const auto work = [number](const auto& wanted) {
        char byte;
        (void)!::read(number, &byte, 1);
        wanted();
        return os::unique_fd{};
    };
    const auto limit = GENERATE(1ms, 10'000ms);  // left alone, or waited for
    do_aside(io, room, {std::exchange(pipe.ends[0], nullptr)}, limit, work, [&](int e, os::unique_fd) { err = e; });
    while (limit == 1ms && !err) io.run_one();
    CHECK(::write(pipe.in(), "x", 1) == 1);
    io.run();
    CHECK(err == (limit == 1ms ? ETIMEDOUT : 0));
    while (*room.taken != 0) std::this_thread::yield();
    CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("A thread that waits has none of our descriptors but what it is given", "[aside]") {
    boost::asio::io_context io;
    aside_room room;
    pipe_ends other, kept;
    std::optional<int> err;
    int seen_other = 0, seen_kept = 0;
    const auto work = [&](const auto& wanted) {
        seen_other = ::fcntl(other.out(), F_GETFD);
        seen_kept = ::fcntl(kept.out(), F_GETFD);
        wanted();
        return os::unique_fd{};
    };
    do_aside(io, room, {kept.ends[0]}, 10s, work, [&](int e, os::unique_fd) { err = e; });
    io.run();
    CHECK(err == 0);
    CHECK(seen_other == -1);
    CHECK(seen_kept >= 0);
    CHECK(::fcntl(other.out(), F_GETFD) >= 0);
    CHECK(::fcntl(kept.out(), F_GETFD) >= 0);
}

TEST_CASE("Without room nobody waits", "[aside]") {
    boost::asio::io_context io;
    aside_room room;
    room.most = 0;
    std::optional<int> err;
    do_aside(
        io, room, {}, 10s, [](const auto&) { return os::unique_fd{}; }, [&](int e, os::unique_fd) { err = e; });
    CHECK(err == EBUSY);
}
