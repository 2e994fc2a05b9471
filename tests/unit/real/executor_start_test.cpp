// How an executor starts its daemon, which is played, and what it makes of what that says of itself.
#include "tests/unit/real/machine_world.hpp"

#include <sys/utsname.h>

#include <csignal>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::real::test;
using namespace std::chrono_literals;
using client::exit_code;

namespace {

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
