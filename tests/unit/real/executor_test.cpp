// The executor with a daemon that is played: what it asks in the course of a scenario, and how a run ends when the
// daemon or an unmount fails.
#include "tests/unit/real/machine_world.hpp"

#include <csignal>

using namespace drainlab;
using namespace drainlab::real::test;
using client::exit_code;

TEST_CASE("a scenario begins with fresh counters, and its end tells what was violated", "[executor]") {
    machine_world w;
    auto started = w.start();
    REQUIRE(started);
    auto& machine = *started.value();
    REQUIRE(machine.begin(w.scenario));
    REQUIRE(machine.cycle(w.scenario, "base"));
    const auto second = machine.cycle(w.scenario, "persb");
    REQUIRE(second);
    CHECK(second.value().sample.umounts.size() == 1);
    CHECK(second.value().sample.events.empty());
    CHECK(w.daemon.bodies("PUT /policy") == std::vector<json>{{{"policy", "base"}}, {{"policy", "persb"}}});
    CHECK(w.daemon.bodies("POST /mounts")[1]["name"] == "target2.0");
    w.daemon.answer_with([](const asked& r) -> std::optional<answer> {
        if (r.what == "POST /counters/take")
            return answer{200, {{"violations", {{{"invariant", "busy_inodes"}, {"message", "one is left"}}}}}};
        if (r.what == "GET /health") return answer{200, {{"memcg_death", "inotify"}}};
        return std::nullopt;
    });
    const auto violated = machine.end();
    REQUIRE(violated.size() == 1);
    CHECK(violated[0].invariant == "busy_inodes");
    CHECK(violated[0].message == "one is left");
    CHECK(machine.environment().memcg_death == "inotify");
    CHECK(w.daemon.requests() == texts{"GET /health", "POST /counters/take",  //
                                       "PUT /policy", "POST /mounts", "GET /mounts/1/wait", "POST /counters/take",
                                       "PUT /policy", "POST /mounts", "GET /mounts/2/wait", "POST /counters/take",
                                       "POST /counters/take", "GET /health"});
}

TEST_CASE("what the executor cannot do is refused before the daemon is asked", "[executor]") {
    machine_world w;
    const auto started = w.start();
    REQUIRE(started);
    SECTION("an overlay") { w.scenario.target.load = experiment::target_load::overlay; }
    SECTION("a neighbour") { w.scenario.neighbour.dirty_mib = 8; }
    const auto out = started.value()->begin(w.scenario);
    REQUIRE_FALSE(out);
    CHECK(out.error().exit == exit_code::cannot_run);
    CHECK(out.error().message.starts_with("scenario a_scenario "));
    CHECK(out.error().hint.find("drainctl sim") != std::string::npos);
    CHECK(w.daemon.requests() == texts{"GET /health"});
}

TEST_CASE("what the daemon tells of a cycle is recorded between call and return, by time", "[executor]") {
    machine_world w;
    w.with.events = true;
    w.daemon.answer_with([&](const asked& r) -> std::optional<answer> {
        if (r.what == "POST /mounts") w.daemon.tell({{"t_ns", 5}, {"event", "mounted"}, {"mount", "target1.0"}});
        if (r.what == "POST /counters/take" && !w.daemon.bodies("POST /mounts").empty())
            w.daemon.tell({{"t_ns", std::int64_t{1} << 62}, {"event", "dead"}, {"mount", "target1.0"}, {"waits", 2}});
        return std::nullopt;
    });
    auto started = w.start();
    REQUIRE(started);
    REQUIRE(started.value()->begin(w.scenario));
    const auto out = started.value()->cycle(w.scenario, "persb");
    REQUIRE(out);
    texts names;
    for (const auto& e : out.value().sample.events) names.push_back(e.name);
    CHECK(names == texts{"mounted", "umount_called", "umount_returned", "dead"});
    w.daemon.end_events();
    CHECK(out.value().sample.events[3].values == std::vector<std::pair<std::string, std::int64_t>>{{"waits", 2}});
}

TEST_CASE("a daemon that dies in the middle is the reason, with the end of its log", "[executor]") {
    machine_world w;
    w.daemon.answer_with([&](const asked& r) -> std::optional<answer> {
        if (r.what != "PUT /policy") return std::nullopt;
        kill(w.daemon.pid(), SIGKILL);
        return answer{0, {}, answer::hang_up};
    });
    const auto started = w.start();
    REQUIRE(started);
    auto& machine = *started.value();
    REQUIRE(machine.begin(w.scenario));
    for (int i = 0; i < 2; ++i) {  // and from then on
        const auto out = machine.cycle(w.scenario, "persb");
        REQUIRE_FALSE(out);
        CHECK(out.error().code == "daemon_died");
        CHECK(out.error().exit == exit_code::broken);
        CHECK(out.error().hint == "the end of its log:\nthe played daemon's log");
    }
    CHECK(machine.end().empty());
    CHECK(w.daemon.bodies("PUT /policy").size() <= 2);  // once more, on a fresh connection
}

TEST_CASE("a failure of a cycle while the daemon lives is told as it is", "[executor]") {
    machine_world w;
    play_umount(w.programs, "echo 'not allowed' >&2; exit 1");
    const auto started = w.start();
    REQUIRE(started);
    const auto out = started.value()->cycle(w.scenario, "persb");
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "umount_failed");
}
