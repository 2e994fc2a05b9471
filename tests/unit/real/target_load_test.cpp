// Targets that are worked on before their unmount: by real burners and containers, in plain directories.
#include "tests/unit/real/cycle_world.hpp"

using namespace drainlab;
using namespace drainlab::real;
using namespace drainlab::real::test;
using experiment::target_load;
namespace fs = std::filesystem;

TEST_CASE("a burning target is written until a switch of its own is in flight, then unmounted", "[cycle]") {
    cycle_world w;
    w.scenario.target.load = target_load::burner;
    w.scenario.target.burn_for = std::chrono::milliseconds(0);
    w.scenario.target.in_flight = true;
    w.scenario.target.shares_bdi = true;
    w.switch_comes_with("burner");
    const auto out = w.cycle();
    REQUIRE(out);
    CHECK_FALSE(out.value().repeat);
    CHECK(w.daemon.requests() == texts{"PUT /policy", "POST /mounts", "GET /mounts/1/wait_switch", "GET /mounts/1/wait",
                                       "POST /counters/take"});
    CHECK(w.daemon.bodies("POST /mounts")[0]["bdi"] == shared_device);
}

TEST_CASE("a burning target that no switch came of says nothing about the scenario", "[cycle]") {
    cycle_world w;
    w.scenario.target.load = target_load::burner;
    w.scenario.target.burn_for = std::chrono::milliseconds(0);
    w.scenario.target.in_flight = true;
    w.daemon.mount["drain"]["in_flight_at_entry"] = 0;
    w.daemon.answer_with([&](const asked& r) -> std::optional<answer> {
        if (!r.what.ends_with("/wait_switch")) return std::nullopt;
        wait_for_file(w.daemon.dir_of(1) + "/burner");
        return answer{408, json::object()};
    });
    const auto out = w.cycle();
    REQUIRE(out);
    CHECK(out.value().repeat == "no switch of the target's own was in flight");
}

TEST_CASE("a burner that cannot work ends the cycle in its own words", "[cycle]") {
    cycle_world w;
    w.at.style.cgroup_root = w.f / "no-cgroup-here";
    w.scenario.target.load = target_load::burner;
    w.scenario.target.burn_for = std::chrono::milliseconds(0);
    w.scenario.target.in_flight = true;
    w.switch_comes_with({}, "target1.0.workload");
    const auto out = w.cycle();
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "workload_died");
    CHECK(out.error().message.starts_with("the burner on " + (w.f / "target1.0") + " ended: mkdir "));
}

TEST_CASE("a container's files are written before its cgroup goes, and that before the unmount", "[cycle]") {
    cycle_world w;
    w.scenario.target.load = target_load::container;
    w.scenario.target.files = 3;
    w.scenario.target.umount_within = std::chrono::milliseconds(1);
    play_umount(w.programs, "ls \"$last\" >'" + (w.f / "files") + "'; rm -rf \"$last\"/*");
    const auto out = w.cycle();
    REQUIRE(out);
    CHECK_FALSE(out.value().repeat);
    CHECK(machine::read_text(w.f / "files") == "after\nfile0\nfile1\nfile2\n");
    CHECK_FALSE(fs::exists(w.f / "target1.0"));
}

TEST_CASE("a container that cannot be ends the cycle before the unmount", "[cycle]") {
    cycle_world w;
    w.at.style.cgroup_root = w.f / "no-cgroup-here";
    w.scenario.target.load = target_load::container;
    const auto out = w.cycle();
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "workload_died");
    CHECK(out.error().message.starts_with("the container on " + (w.f / "target1.0") + " ended: mkdir "));
    CHECK(w.programs.calls().empty());
}
