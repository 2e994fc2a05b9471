#include "fusefs/os/pass_fd.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>

#include <fcntl.h>

using namespace drainlab::os;

TEST_CASE("a descriptor goes through a socket", "[pass_fd]") {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    unique_fd ours{ends[0]}, theirs{ends[1]};
    int pipe_ends[2];
    REQUIRE(pipe2(pipe_ends, O_CLOEXEC) == 0);
    const unique_fd read_end{pipe_ends[0]}, write_end{pipe_ends[1]};

    SECTION("and is the same open file there, close-on-exec") {
        REQUIRE(send_fd(ours.get(), write_end.get()));
        const unique_fd got = receive_fd(theirs.get());
        REQUIRE(got);
        CHECK(got.get() != write_end.get());
        CHECK((fcntl(got.get(), F_GETFD) & FD_CLOEXEC) != 0);
        REQUIRE(write(got.get(), "x", 1) == 1);
        char byte = 0;
        CHECK(read(read_end.get(), &byte, 1) == 1);
        CHECK(byte == 'x');
    }
    SECTION("but not if the sender goes away, or sends only text") {
        if (GENERATE(false, true)) REQUIRE(write(ours.get(), "x", 1) == 1);
        ours.reset();
        CHECK_FALSE(receive_fd(theirs.get()));
    }
    SECTION("and a message may come without one") {
        REQUIRE(send_fd(ours.get(), -1));
        REQUIRE(send_fd(ours.get(), write_end.get()));
        unique_fd got;
        CHECK(receive(theirs.get(), got));
        CHECK_FALSE(got);
        CHECK(receive(theirs.get(), got));
        CHECK(got);
        ours.reset();
        CHECK_FALSE(receive(theirs.get(), got));
        CHECK_FALSE(got);
    }
    SECTION("nor to nobody") {
        theirs.reset();
        CHECK_FALSE(send_fd(ours.get(), write_end.get()));
    }
}
