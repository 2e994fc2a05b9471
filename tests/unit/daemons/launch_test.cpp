// Real daemons, which nobody asks for a mount: one of our own, and one in the background that many ask for.
#include "controller/daemons/launch.hpp"

#include "controller/client/client.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

using namespace drainlab;
using namespace drainlab::daemons;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// What needs neither cgroups nor a gate.
daemon_options modest() {
    daemon_options o;
    o.profile = "zero";
    o.policy = "persb";
    o.identity = "session";
    o.umount_wait = "api";
    o.page_cache = "keep";
    return o;
}

/// The default socket directory is in a folder of the test.
struct runtime_directory : folder {
    runtime_directory() { setenv("XDG_RUNTIME_DIR", dir.c_str(), 1); }
    ~runtime_directory() { unsetenv("XDG_RUNTIME_DIR"); }
};

json health_of(const std::string& socket) {
    const auto health = client::blocking_client(socket).get("/health");
    REQUIRE(health);
    return health.value();
}

}  // namespace

TEST_CASE("a daemon of our own has what it was told, and goes with all that was its", "[launch]") {
    const runtime_directory f;
    auto started = private_daemon::start(modest());
    REQUIRE(started);
    auto& d = started.value();
    CHECK_FALSE(d.has_died());
    const json health = health_of(d.socket());
    CHECK(health["pid"] == d.pid());
    CHECK(health["policy"] == "persb");
    CHECK(health["profile"] == "zero");
    CHECK(health["linger_ms"] == 0);
    CHECK(fs::exists(d.log()));
    const auto dir = d.make_directory("a");
    REQUIRE(dir);
    struct stat s {};
    REQUIRE(stat(dir.value().c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == 0700);
    CHECK_FALSE(d.make_directory("a"));
    const auto parent = fs::path(d.socket()).parent_path();
    const auto end = d.stop(30s);
    REQUIRE(end);
    CHECK(end.value() == 0);
    CHECK_FALSE(fs::exists(parent));
}

TEST_CASE("a daemon that was killed is known to have died, and leaves nothing", "[launch]") {
    const runtime_directory f;
    auto started = private_daemon::start(modest());
    REQUIRE(started);
    auto moved = std::move(started).value();
    const auto parent = fs::path(moved.socket()).parent_path();
    moved.kill();
    const auto end = moved.stop(30s);
    REQUIRE(end);
    CHECK(WTERMSIG(end.value()) == SIGKILL);
    CHECK(moved.has_died());
    CHECK_FALSE(fs::exists(parent));
}

TEST_CASE("a daemon that does not hear is killed when its time is over", "[launch]") {
    const runtime_directory f;
    auto started = private_daemon::start(modest());
    REQUIRE(started);
    kill(started.value().pid(), SIGSTOP);
    const auto end = started.value().stop(0ms);
    REQUIRE_FALSE(end);
    CHECK(end.error().code == "timed_out");
    CHECK(started.value().has_died());
}

TEST_CASE("a daemon that cannot start says why, in its own words", "[launch]") {
    const runtime_directory f;
    auto o = modest();
    o.policy = "nothing";
    const auto started = private_daemon::start(o);
    REQUIRE_FALSE(started);
    CHECK(started.error().code == "unknown_policy");
    CHECK(started.error().exit == exit_code::usage);
    CHECK(started.error().hint.find("its log is") == std::string::npos);  // that is gone
}

TEST_CASE("those who want a daemon on one socket at once get one and the same", "[launch]") {
    const folder f;
    const auto socket = f / "d.sock";
    std::vector<std::thread> callers;
    std::vector<int> good(4);
    for (int& one : good)
        callers.emplace_back([&one, &socket] { one = ensure_daemon(socket, modest()).has_value() ? 1 : 0; });
    for (auto& c : callers) c.join();
    CHECK(good == std::vector{1, 1, 1, 1});
    const auto pid = health_of(socket)["pid"];
    CHECK(ensure_daemon(socket, modest()));
    CHECK(health_of(socket)["pid"] == pid);
    CHECK_FALSE(fs::exists(f / "d.lock"));
    CHECK(client::blocking_client(socket).post("/stop", json::object()).has_value());
}

TEST_CASE("a log that has grown too long begins anew with the next daemon", "[launch]") {
    const folder f;
    const auto socket = f / "d.sock", log = log_beside(socket);
    std::ofstream{log} << std::string(2 << 20, 'x');
    fs::permissions(log, fs::perms::owner_read | fs::perms::owner_write);
    REQUIRE(ensure_daemon(socket, modest()));
    CHECK(fs::file_size(log) < (1 << 20));
    CHECK(client::blocking_client(socket).post("/stop", json::object()).has_value());
}

TEST_CASE("a daemon that refuses to start is not waited for", "[launch]") {
    const folder f;
    auto o = modest();
    o.profile = "none";
    const auto out = ensure_daemon(f / "d.sock", o);
    REQUIRE_FALSE(out);
    CHECK(out.error().exit == exit_code::usage);
    CHECK_FALSE(fs::exists(f / "d.sock"));
}

TEST_CASE("a lock that cannot be ours is named", "[launch]") {
    const folder f;
    fs::create_symlink("/etc/passwd", f / "d.lock");
    const auto lock = lock_socket(f / "d.sock");
    REQUIRE_FALSE(lock);
    CHECK(lock.error().message.find("d.lock") != std::string::npos);
    CHECK(lock_socket(f / "other.sock"));
    CHECK_FALSE(fs::exists(f / "other.lock"));
}
