#include "fusefs/gate/spawn.hpp"

#include "fusefs/gate/protocol.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <thread>
#include <unistd.h>

using namespace drainlab::gate;

namespace {

/// What the gate says next, within ten seconds.
std::optional<report> next_word(int socket) {
    pollfd ready{socket, POLLIN, 0};
    if (poll(&ready, 1, 10'000) != 1) return std::nullopt;
    char bytes[sizeof(report) + 1];
    const ssize_t got = recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) return std::nullopt;
    return decode_report({bytes, static_cast<std::size_t>(got)});
}

}  // namespace

TEST_CASE("a gate outlives the thread that asked for it", "[gate]") {
    spawned gate;
    std::string why;
    std::thread{[&] {
        gate = start_program_for_good(why);
        const auto word = next_word(gate.socket);  // by then it has asked to die with its parent
        CHECK((word && word->kind == report_kind::hello));
    }}.join();
    INFO(why);
    REQUIRE(gate.pid > 0);
    const std::string bytes = encode({command::umount, 0, 7, 0, 0, "/nowhere at all"});
    REQUIRE(send(gate.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    for (const auto kind : {report_kind::entering, report_kind::returned}) {
        const auto word = next_word(gate.socket);
        REQUIRE(word);
        CHECK(word->kind == kind);
        CHECK(word->tag == 7);
    }
    close(gate.socket);
    end(gate);
    CHECK(kill(gate.pid, 0) == -1);
}
