#include "fusefs/control/aside.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <sys/eventfd.h>
#include <sys/syscall.h>

#include <cerrno>
#include <fcntl.h>
#include <future>
#include <mutex>
#include <optional>
#include <poll.h>
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
        for (int k : {0, 1}) ends[k].reset(both[k]);
    }
    int out() const { return ends[0].get(); }
    int in() const { return ends[1].get(); }
    os::unique_fd ends[2];
};

}  // namespace

TEST_CASE("What was done aside, and its descriptor, come to the loop", "[aside]") {
    boost::asio::io_context io;
    aside_room room;
    pipe_ends pipe;
    int result = 0;
    std::optional<int> err;
    const auto work = [&](int brought, const auto& wanted) {
        result = 7;
        os::unique_fd copy{::dup(brought)};
        CHECK(wanted());
        return copy;
    };
    do_aside(io, room, std::move(pipe.ends[1]), 10s, work, [&](int e, os::unique_fd fd) {
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
    const auto work = [&](int brought, const auto& wanted) {
        char byte;
        (void)!::read(brought, &byte, 1);
        was_wanted.set_value(wanted());
        return os::unique_fd{};
    };
    std::optional<int> err;
    do_aside(io, room, std::move(gate.ends[0]), 1ms, work, [&](int e, os::unique_fd) { err = e; });
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
    const auto work = [](int brought, const auto& wanted) {
        char byte;
        (void)!::read(brought, &byte, 1);
        wanted();
        return os::unique_fd{};
    };
    const auto limit = GENERATE(1ms, 10'000ms);  // left alone, or waited for
    do_aside(io, room, std::move(pipe.ends[0]), limit, work, [&](int e, os::unique_fd) { err = e; });
    while (limit == 1ms && !err) io.run_one();
    CHECK(::write(pipe.in(), "x", 1) == 1);
    io.run();
    CHECK(err == (limit == 1ms ? ETIMEDOUT : 0));
    while (*room.taken != 0) std::this_thread::yield();
    CHECK(::fcntl(number, F_GETFD) == -1);
    pollfd end{pipe.in(), POLLOUT, 0};
    CHECK(::poll(&end, 1, 0) == 1);
    CHECK((end.revents & POLLERR) != 0);  // nobody has the other one
}

TEST_CASE("A thread that waits has none of our descriptors but what it is given", "[aside]") {
    boost::asio::io_context io;
    aside_room room;
    pipe_ends other, given;
    std::optional<int> err;
    int seen_other = 0, seen_given = 0;
    const auto work = [&](int brought, const auto& wanted) {
        seen_other = brought == other.out() ? -1 : ::fcntl(other.out(), F_GETFD);  // a number that was free there
        seen_given = ::fcntl(brought, F_GETFD);
        wanted();
        return os::unique_fd{};
    };
    do_aside(io, room, std::move(given.ends[0]), 10s, work, [&](int e, os::unique_fd) { err = e; });
    io.run();
    CHECK(err == 0);
    CHECK(seen_other == -1);
    CHECK(seen_given >= 0);
    CHECK(::fcntl(other.out(), F_GETFD) >= 0);
}

TEST_CASE("Threads stay for the next work, as many as may", "[aside]") {
    boost::asio::io_context io;
    aside_room room{16, 1};
    std::vector<pid_t> seen;
    std::mutex mutex;
    const auto several = [&](int n) {
        int done = 0;
        for (int k = 0; k < n; ++k) {
            const auto work = [&](int brought, const auto& wanted) {
                CHECK(brought == -1);
                const std::lock_guard lock{mutex};
                seen.push_back(::gettid());
                return wanted() ? os::unique_fd{::eventfd(0, EFD_CLOEXEC)} : os::unique_fd{};
            };
            do_aside(io, room, {}, 10s, work, [&](int e, os::unique_fd fd) {
                CHECK(e == 0);
                CHECK(fd);
                ++done;
            });
        }
        while (done < n) io.run_one();
    };
    several(2);
    several(1);
    several(1);
    REQUIRE(seen.size() == 4);
    CHECK(seen[2] == seen[3]);
    CHECK((seen[2] == seen[0] || seen[2] == seen[1]));
    io.run();  // until it has been idle for a while: it ends
    while (::syscall(SYS_tgkill, ::getpid(), seen[2], 0) == 0) std::this_thread::yield();
}

TEST_CASE("Without room nobody waits", "[aside]") {
    boost::asio::io_context io;
    aside_room room;
    room.most = 0;
    std::optional<int> err;
    do_aside(
        io, room, {}, 10s, [](int, const auto&) { return os::unique_fd{}; }, [&](int e, os::unique_fd) { err = e; });
    CHECK(err == EBUSY);
}
