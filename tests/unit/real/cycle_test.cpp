// One cycle, from the policy to what was counted: what the daemon is asked, in which order, and what comes of its
// answers.
#include "tests/unit/real/cycle_world.hpp"

#include <unistd.h>

using namespace drainlab;
using namespace drainlab::real;
using namespace drainlab::real::test;
namespace fs = std::filesystem;

TEST_CASE("targets are mounted, unmounted at once, waited for, and what the daemon counted is taken", "[cycle]") {
    cycle_world w;
    w.daemon.mount["drain"] = {{"calls", 2}, {"in_flight_at_entry", 3}};
    w.scenario.target.at_once = 2;
    w.scenario.target.dirty_limit = 4096;
    w.at.events_wanted = true;
    const auto out = w.cycle("rmbarrier", 7);
    REQUIRE(out);
    CHECK_FALSE(out.value().repeat);
    CHECK(w.daemon.requests() == texts{"PUT /policy", "POST /mounts", "POST /mounts", "GET /mounts/1/wait",
                                       "GET /mounts/2/wait", "POST /counters/take"});
    CHECK(w.daemon.bodies("PUT /policy") == std::vector<json>{{{"policy", "rmbarrier"}}});
    CHECK(w.daemon.bodies("POST /mounts")[1] ==
          json{{"dir", w.f / "target7.1"}, {"name", "target7.1"}, {"dirty_limit_bytes", 4096}});
    const auto& sample = out.value().sample;
    CHECK(sample.switches.queued == 5);
    REQUIRE(sample.umounts.size() == 2);
    CHECK(sample.umounts[1].drain_calls == 2);
    CHECK(sample.umounts[1].umount_ns > 0);
    CHECK(sample.umounts[1].held);
    auto unmounted = w.programs.calls();
    std::sort(unmounted.begin(), unmounted.end());  // both at once
    const std::string how = geteuid() == 0 ? "" : "-u ";
    CHECK(unmounted == texts{how + (w.f / "target7.0"), how + (w.f / "target7.1")});
    CHECK_FALSE(fs::exists(w.f / "target7.0"));
    CHECK_FALSE(fs::exists(w.f / "target7.1"));
    REQUIRE(sample.events.size() == 4);
    CHECK(sample.events[2].name == "umount_called");
    CHECK(sample.events[3].name == "umount_returned");
    CHECK(sample.events[3].mount == "target7.1");
    CHECK(sample.events[3].t_ns - sample.events[2].t_ns == static_cast<std::int64_t>(sample.umounts[1].umount_ns));
}

TEST_CASE("without the gate an unmount lasts until the API says dead", "[cycle]") {
    cycle_world w;
    w.at.gate = false;
    w.daemon.mount["umount_wait"] = "api";
    w.daemon.mount["phases_ns"] = {{"dead", std::uint64_t{1} << 62}};
    const auto out = w.cycle();
    REQUIRE(out);
    CHECK_FALSE(out.value().repeat);
    const auto& one = out.value().sample.umounts.at(0);
    CHECK_FALSE(one.held);
    CHECK(one.umount_ns == one.dead_ns);
}

TEST_CASE("a gate that did not hold an unmount makes the cycle be made again", "[cycle]") {
    cycle_world w;
    w.daemon.mount["umount_wait"] = "api";
    const auto out = w.cycle();
    REQUIRE(out);
    CHECK(out.value().repeat == "the gate did not hold an unmount");
    CHECK(out.value().sample.umounts.size() == 1);
}

TEST_CASE("a target that somebody holds is taken away, and the cycle made again", "[cycle]") {
    cycle_world w;
    play_umount(w.programs, "echo \"umount: $last: target is busy.\" >&2; exit 32");
    const auto out = w.cycle();
    REQUIRE(out);
    CHECK(out.value().repeat == "the target was busy");
    CHECK(w.daemon.requests() == texts{"PUT /policy", "POST /mounts", "POST /mounts/1/umount"});
    CHECK(w.daemon.bodies("POST /mounts/1/umount") == std::vector<json>{{{"lazy", true}}});
    CHECK_FALSE(fs::exists(w.f / "target1.0"));
}

TEST_CASE("a daemon that is lost while it should take a busy target away ends the cycle", "[cycle]") {
    cycle_world w;
    play_umount(w.programs, "echo 'target is busy' >&2; exit 32");
    w.daemon.answer_with([](const asked& r) -> std::optional<answer> {
        if (!r.what.ends_with("/umount")) return std::nullopt;
        return answer{0, {}, answer::hang_up};
    });
    const auto out = w.cycle();
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "connection_lost");
}

TEST_CASE("an unmount that fails otherwise ends the cycle with what was said", "[cycle]") {
    cycle_world w;
    play_umount(w.programs, "echo 'not allowed' >&2; exit 1");
    const auto out = w.cycle();
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "umount_failed");
    CHECK(out.error().message == "umount " + (w.f / "target1.0") + " ended with 1: not allowed");
    CHECK(w.daemon.requests().back() == "POST /mounts");
}

TEST_CASE("a name that is taken cannot be mounted on", "[cycle]") {
    cycle_world w;
    fs::create_directory(w.f / "target1.0");
    const auto out = w.cycle();
    REQUIRE_FALSE(out);
    CHECK(out.error().message.find("mkdir " + (w.f / "target1.0")) != std::string::npos);
    CHECK(w.daemon.requests() == texts{"PUT /policy"});
}

TEST_CASE("a policy that the daemon does not know is its word", "[cycle]") {
    cycle_world w;
    w.daemon.answer_with([](const asked&) {
        return answer{400, {{"error", {{"code", "unknown_policy"}, {"message", "no such policy"}}}}};
    });
    const auto out = w.cycle("none");
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "unknown_policy");
    CHECK(out.error().message == "no such policy");
}
