// A burner that runs, on a directory that is said to be a drainfs, under a daemon that the test plays.
#include "controller/hold/switch_holder.hpp"

#include "controller/machine/process.hpp"
#include "tests/unit/client/played_daemon.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <sched.h>

using namespace drainlab;
using namespace drainlab::hold;
using namespace std::chrono_literals;
using nlohmann::json;
using texts = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

/// The table of mounts of a machine that has one at `dir`, besides its root.
std::vector<machine::mount_line> mounted(const std::string& dir, const std::string& type = "fuse.drainfs") {
    return machine::parse_mountinfo("1 0 0:1 / / rw - ext4 x rw\n2 1 0:99 / " + dir + " rw - " + type +
                                    " drainlab rw\n");
}

/// A daemon that has that mount, and one that died before it.
struct daemon_with_mount {
    tests::own_folder f;
    std::string burnt = f / ".drainlab-burner";
    std::string device = "0:99";
    bool switches = true;
    test::played_daemon played{[this](const test::heard& h) -> test::spoken {
        if (h.target == "/mounts")
            return {
                {{"mounts",
                  {{{"id", 6}, {"dev", device}, {"state", "dead"}}, {{"id", 7}, {"dev", device}, {"state", "live"}}}}}};
        if (h.target == "/health") return {{{"identity", "session"}}};
        if (!switches) return test::refusal("408 Request Timeout", "timed_out", "no switch");
        while (!fs::exists(burnt)) sched_yield();  // what a switch needs is written by then
        return {};
    }};
};

}  // namespace

TEST_CASE("a burner writes to the mount until it is let go, and its file goes with it", "[hold]") {
    daemon_with_mount d;
    pid_t burner = 0;
    {
        auto taken = switch_holder::take(d.f.dir, d.played.socket(), mounted(d.f.dir));
        REQUIRE(taken);
        const auto held = std::move(taken.value());
        burner = held.pid();
        CHECK(machine::read_text("/proc/" + std::to_string(burner) + "/comm") == "drainlab-burner\n");
        CHECK(fs::exists(d.burnt));
        CHECK_FALSE(held.wait(0ns));
    }
    CHECK(kill(burner, 0) != 0);
    CHECK_FALSE(fs::exists(d.burnt));
    CHECK(d.played.asked() == texts{"GET /mounts", "GET /health", "GET /mounts/7/wait_switch?timeout_ms=10000"});
}

TEST_CASE("a burner that ends by itself ends the wait", "[hold]") {
    daemon_with_mount d;
    auto held = switch_holder::take(d.f.dir, d.played.socket(), mounted(d.f.dir));
    REQUIRE(held);
    kill(held.value().pid(), SIGKILL);
    CHECK(held.value().wait(30s));
}

TEST_CASE("where no switch comes the burner is not left behind, and the reason is told", "[hold]") {
    daemon_with_mount d;
    d.switches = false;
    const auto held = switch_holder::take(d.f.dir, d.played.socket(), mounted(d.f.dir));
    REQUIRE_FALSE(held);
    CHECK(held.error().code == "no_switch");
    CHECK(held.error().exit == client::exit_code::cannot_run);
    CHECK(held.error().message == d.f.dir + ": no switch came within 10 s: no switch");
    CHECK(held.error().hint.find("--page-cache keep") != std::string::npos);
    CHECK_FALSE(fs::exists(d.burnt));
}

TEST_CASE("switches are held on mounts of the daemon only", "[hold]") {
    daemon_with_mount d;
    d.device = "0:98";
    const auto unknown = switch_holder::take(d.f.dir, d.played.socket(), mounted(d.f.dir));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().exit == client::exit_code::usage);
    CHECK(unknown.error().message == d.f.dir + ": not a mount of the daemon on " + d.played.socket());
    for (const auto& table : {mounted(d.f.dir, "ext4"), mounted("/elsewhere")}) {
        const auto other = switch_holder::take(d.f.dir, d.played.socket(), table);
        REQUIRE_FALSE(other);
        CHECK(other.error().exit == client::exit_code::usage);
        CHECK(other.error().message == d.f.dir + ": no drainfs is mounted there");
    }
    CHECK(d.played.asked() == texts{"GET /mounts"});
    const auto nobody = switch_holder::take(d.f.dir, d.f / "d.sock", mounted(d.f.dir));
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().code == "no_daemon");
}
