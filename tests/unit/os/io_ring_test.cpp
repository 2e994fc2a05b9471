#include "fusefs/os/io_ring.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <unistd.h>

using drainlab::os::io_ring;
using drainlab::os::unique_fd;

namespace {

struct pipe_ends {
    pipe_ends() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
        out.reset(ends[0]);
        in.reset(ends[1]);
    }
    unique_fd out, in;
};

/// Write `text` to `to` as soon as `from` can be read.
struct chain {
    chain(int from, int to, const char* text, unsigned size) {
        calls[0].opcode = IORING_OP_POLL_ADD;
        calls[0].fd = from;
        calls[0].poll32_events = POLLIN;
        calls[0].flags = IOSQE_IO_LINK;
        calls[0].user_data = 1;
        calls[1].opcode = IORING_OP_WRITE;
        calls[1].fd = to;
        calls[1].addr = reinterpret_cast<std::uint64_t>(text);
        calls[1].len = size;
        calls[1].user_data = 2;
    }
    io_uring_sqe calls[2]{};
};

}  // namespace

TEST_CASE("A call laid ready is made when its event comes, and not once it was taken back", "[io_ring]") {
    std::string why;
    const auto ring = io_ring::make(8, why);
    if (!ring) {
        WARN("no io_uring here: " << why);
        return;
    }
    std::map<std::uint64_t, int> ended;
    const auto take = [&] { ring->take_ended([&](std::uint64_t which, int result) { ended[which] = result; }); };
    char got[8];
    for (int round = 0; round < 20; ++round) {  // more often than it has entries
        const pipe_ends event, answer;
        ended.clear();
        const chain c{event.out.get(), answer.in.get(), "ready", 5};
        REQUIRE(ring->submit(c.calls));
        take();
        CHECK(ended.empty());
        if (round % 2 == 0) {
            CHECK(::write(event.in.get(), "x", 1) == 1);
            pollfd ready{answer.out.get(), POLLIN, 0};
            CHECK(::poll(&ready, 1, 10'000) == 1);
            CHECK(::read(answer.out.get(), got, sizeof got) == 5);
            take();
            CHECK((ended.at(1) == POLLIN && ended.at(2) == 5));
        } else {
            io_uring_sqe cancel{};
            cancel.opcode = IORING_OP_ASYNC_CANCEL;
            cancel.addr = 1;
            cancel.user_data = 3;
            REQUIRE(ring->submit({&cancel, 1}));
            take();
            CHECK((ended.at(1) == -ECANCELED && ended.at(2) == -ECANCELED && ended.at(3) == 0));
            CHECK(::write(event.in.get(), "x", 1) == 1);
            CHECK(::read(answer.out.get(), got, sizeof got) == -1);
        }
    }
}

TEST_CASE("Since when frozen tasks work", "[io_ring]") {
    using drainlab::os::frozen_tasks_work;
    CHECK(frozen_tasks_work("6.11.0"));
    CHECK(frozen_tasks_work("6.18.44-fc"));
    CHECK(frozen_tasks_work("7.0-rc1"));
    CHECK_FALSE(frozen_tasks_work("6.1.0-28-amd64"));
    CHECK_FALSE(frozen_tasks_work("5.15"));
}
