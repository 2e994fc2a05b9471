// The daemon itself, without a mount: how it comes to life, and what ends it.
#include "controller/client/client.hpp"
#include "fusefs/control/daemon_parts.hpp"
#include "fusefs/control/leftovers.hpp"
#include "fusefs/control/state_file.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <thread>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::control;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// A daemon in a thread of ours, with a directory for its socket.
struct running : tests::own_folder {
    settings s;
    std::unique_ptr<control::daemon> it;
    int exit_code{-1};
    std::thread loop;

    running() {
        s.socket = dir + "/d.sock";
        s.identity = "session";
        s.umount_wait = "api";
        s.detach_event = "mountinfo";
        s.linger = 0ms;
    }
    ~running() {
        if (loop.joinable()) loop.join();
        it.reset();
    }
    std::optional<failure> open() {
        it = std::make_unique<control::daemon>(s, kernel::profile{}, *kernel::find_drain_policy("persb"),
                                               std::vector<std::string>{"a limit"});
        return it->open();
    }
    void run() {
        const auto failed = open();
        REQUIRE_FALSE(failed);
        loop = std::thread{[this] { exit_code = it->run(); }};
    }
    int ended() {
        loop.join();
        return exit_code;
    }
    client::blocking_client api() const { return client::blocking_client{s.socket}; }

    /// The gate that is on record, once `wanted` is true of it, asking for at most ten seconds.
    template <class Wanted>
    os::process_identity gate_on_record(Wanted wanted) const {
        std::string why;
        os::process_identity gate;
        for (const auto until = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < until;) {
            if (const auto record = read_state(state_path(s.socket), why)) gate = record->gate;
            if (wanted(gate) || !api().answers()) break;
        }
        return gate;
    }
};

}  // namespace

TEST_CASE("a daemon says that it is ready, answers, and leaves nothing when it is stopped", "[daemon]") {
    running d;
    int ready[2];
    REQUIRE(pipe2(ready, O_CLOEXEC) == 0);
    d.s.ready_fd = ready[1];
    d.run();
    char line[16]{};
    REQUIRE(read(ready[0], line, sizeof line) == 6);
    CHECK(std::string{line} == "ready\n");
    close(ready[0]);
    const auto health = d.api().get("/health");
    REQUIRE(health);
    CHECK(health.value()["pid"] == getpid());
    CHECK(health.value()["identity"] == "session");
    CHECK(health.value()["umount_wait"] == "api");
    CHECK(health.value()["limits"][0] == "a limit");
    std::string why;
    const auto record = read_state(state_path(d.s.socket), why);
    REQUIRE(record);
    CHECK(record->daemon.pid == getpid());
    CHECK(d.api().post("/stop", json::object()).has_value());
    CHECK(d.ended() == 0);
    CHECK(fs::is_empty(d.dir));
}

TEST_CASE("signals end it, and the end of who started it, and that nobody needs it", "[daemon]") {
    running d;
    SECTION("SIGTERM") {
        d.run();
        REQUIRE(d.api().answers());
        kill(getpid(), SIGTERM);
    }
    SECTION("its lifeline") {
        int pair[2];
        REQUIRE(pipe2(pair, O_CLOEXEC) == 0);
        d.s.lifeline = pair[0];
        d.run();
        REQUIRE(write(pair[1], "x", 1) == 1);  // that says nothing
        CHECK(d.api().answers());
        close(pair[1]);
    }
    CHECK(d.ended() == 0);
    CHECK(fs::is_empty(d.dir));
}

TEST_CASE("each gate is on record as soon as it runs, without a mount", "[daemon]") {
    running d;
    d.s.umount_wait = "auto";
    d.run();
    if (d.api().get("/health").value()["umount_wait"] == "gate") {
        const auto first = d.gate_on_record([](const auto& gate) { return gate.pid != 0; });
        REQUIRE(os::send_signal(first, SIGKILL));
        const auto next = d.gate_on_record([&](const auto& gate) { return gate.pid != 0 && gate.pid != first.pid; });
        CHECK(next.pid != first.pid);
        CHECK(os::identify_process(next.pid) == next);
    }
    CHECK(d.api().post("/stop", json::object()).has_value());
    CHECK(d.ended() == 0);
    CHECK(fs::is_empty(d.dir));
}

TEST_CASE("what it cannot be keeps it from starting, and the socket free", "[daemon]") {
    running d;
    SECTION("a socket that is none") {
        d.s.socket = "d.sock";
        const auto why = d.open();
        REQUIRE(why);
        CHECK(why->exit_code == 2);
    }
    SECTION("no cgroups where they are wanted") {
        d.s.identity = "cgroup";
        d.s.cgroup_root = d.dir;
        const auto why = d.open();
        REQUIRE(why);
        CHECK(why->exit_code == 4);
    }
    d.it.reset();
    CHECK(fs::is_empty(d.dir));
}

TEST_CASE("two daemons on one socket: the second says so", "[daemon]") {
    running first;
    first.run();
    running second;
    second.s.socket = first.s.socket;
    const auto why = second.open();
    REQUIRE(why);
    CHECK(why->exit_code == 5);
    CHECK(why->code == "busy");
    CHECK(first.api().post("/stop", json::object()).has_value());
    CHECK(first.ended() == 0);
}
