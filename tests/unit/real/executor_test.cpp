// The executor with a daemon that is played: what it asks, what it makes of the answers, and what it says when the
// daemon dies.
#include "controller/real/executor.hpp"

#include "controller/real/machine_info.hpp"
#include "tests/unit/real/cycle_world.hpp"

#include <sys/utsname.h>

#include <csignal>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::real::test;
using namespace std::chrono_literals;
using client::exit_code;
using real::executor;

namespace {

/// A machine of the test: the daemon and umount(8) are played, all is made in a directory of its own.
struct machine_world {
    machine_world() {
        setenv("XDG_RUNTIME_DIR", f.dir.c_str(), 1);
        play_umount(programs);
        with.daemon.program = daemon.program();
        with.identity = "session";
        scenario.name = "a_scenario";
    }
    ~machine_world() { unsetenv("XDG_RUNTIME_DIR"); }
    auto start() { return executor::start(with); }
    std::string word_after(const std::string& option) const {
        const auto all = daemon.words();
        const auto at = std::find(all.begin(), all.end(), option);
        return at == all.end() || at + 1 == all.end() ? "" : at[1];
    }

    scratch_dir f;
    tests::played_programs programs;
    drainlab::test::played_drainfs daemon;
    real::options with;
    experiment::scenario scenario;
};

bool says(const std::vector<std::string>& lines, const std::string& part) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("an executor's daemon is told how to live, and the result has what it says of itself", "[executor]") {
    machine_world w;
    w.daemon.health = {{"umount_wait", "gate"},
                       {"identity", "session"},
                       {"memcg_death", "poll"},
                       {"detach_event", "fanotify"},
                       {"limits", {"it may have 64 files only"}}};
    w.with.umount_wait = "gate";
    {
        auto started = w.start();
        REQUIRE(started);
        const auto& machine = *started.value();
        CHECK(w.word_after("--identity") == "session");
        CHECK(w.word_after("--umount-wait") == "gate");
        CHECK(w.word_after("--linger") == "0ms");
        CHECK(w.word_after("--cgroup-root").empty());
        CHECK(w.daemon.requests() == texts{"GET /health"});
        utsname kernel{};
        uname(&kernel);
        const auto& here = machine.environment();
        CHECK(here.kernel == kernel.release);
        CHECK(here.cpus >= 1);
        CHECK(here.memory_mib > 0);
        CHECK(here.root == (geteuid() == 0));
        CHECK(here.umount_wait == "gate");
        CHECK(here.detach_event == "fanotify");
        CHECK_FALSE(here.cgroup_root);
        CHECK(says(machine.warnings(), "it may have 64 files only"));
        CHECK_FALSE(says(machine.warnings(), "umount itself does not wait"));
        CHECK(kill(w.daemon.pid(), 0) == 0);
    }
    CHECK(kill(w.daemon.pid(), 0) != 0);
}

TEST_CASE("where there is no gate the user is told, and refused who insists on it", "[executor]") {
    machine_world w;
    w.daemon.health = {{"umount_wait", "api"}, {"umount_wait_why", "no fanotify"}};
    {
        const auto started = w.start();
        REQUIRE(started);
        CHECK(says(started.value()->warnings(),
                   "umount itself does not wait for the drain here, only drainctl does: no fanotify"));
    }
    w.with.umount_wait = "gate";
    const auto refused = w.start();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "no_gate");
    CHECK(refused.error().exit == exit_code::cannot_run);
    CHECK(refused.error().message == "the gate does not work here: no fanotify");
}

TEST_CASE("without cgroups sessions are taken for them, unless cgroups were asked for", "[executor]") {
    machine_world w;
    w.with.cgroup_root = w.f / "no-cgroup-here";
    w.with.identity = "cgroup";
    const auto refused = w.start();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "no_cgroups");
    CHECK(w.daemon.words().empty());
    w.with.identity = "auto";
    const auto started = w.start();
    REQUIRE(started);
    CHECK(says(started.value()->warnings(), "sessions are taken for cgroups: "));
    CHECK(w.word_after("--identity") == "session");
}

TEST_CASE("points are widened before the first cycle, and one that the daemon does not know is the user's mistake",
          "[executor]") {
    machine_world w;
    w.with.widen = {{"vote", 250us}, {"drain", 3ms}};
    REQUIRE(w.start());
    CHECK(w.daemon.bodies("PUT /widen") ==
          std::vector<json>{{{"point", "vote"}, {"for_us", 250}}, {{"point", "drain"}, {"for_us", 3000}}});
    w.daemon.answer_with([](const asked& r) -> std::optional<answer> {
        if (r.what != "PUT /widen") return std::nullopt;
        return answer{404, {{"error", {{"code", "not_found"}, {"message", "there is no such point"}}}}};
    });
    const auto refused = w.start();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().exit == exit_code::usage);
    CHECK(refused.error().message == "--widen: there is no such point");
}

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

TEST_CASE("a run that has no time left is over while it waits for its daemon, exit 124", "[executor]") {
    machine_world w;
    w.with.timeout = 0ns;
    w.daemon.answer_with([](const asked&) { return answer{0, {}, answer::silence}; });
    const auto out = w.start();
    REQUIRE_FALSE(out);
    CHECK(out.error().exit == exit_code::timed_out);
}

TEST_CASE("a daemon that does not start is told of at once", "[executor]") {
    machine_world w;
    w.with.daemon.program = w.f / "none";
    const auto out = w.start();
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "no_program");
}
