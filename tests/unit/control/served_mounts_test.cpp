// The life of a mount, from its birth to its record.
#include "fusefs/control/owner_record.hpp"
#include "fusefs/kernel/drain/policy.hpp"
#include "tests/own_folder.hpp"
#include "tests/unit/control/daemon_world.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::control;
using namespace drainlab::control::test;
using namespace std::chrono_literals;

namespace {

/// Names of the events so far, in their order.
std::vector<std::string> events_of(const daemon_world& w) {
    std::vector<std::string> names;
    for (const auto& e : w.events.latest()) names.push_back(e.name);
    return names;
}

bool in_order(const std::vector<std::string>& all, const std::vector<std::string>& wanted) {
    auto at = all.begin();
    for (const auto& one : wanted) {
        at = std::find(at, all.end(), one);
        if (at == all.end()) return false;
    }
    return true;
}

/// Asks for it and returns what the unmounter is told.
int unmount(daemon_world& w, served_mount& m, bool lazy = false, bool force = false) {
    std::optional<int> said;
    w.mounts->unmount(m, lazy, force, [&](int error) { said = error; });
    w.until([&] { return said.has_value(); });
    return *said;
}

}  // namespace

TEST_CASE("a mount is told of once it serves and the gate holds it", "[served_mounts]") {
    daemon_world w;
    auto& m = w.mounted("a");
    CHECK(m.state() == mount_state::live);
    CHECK(m.gated());
    CHECK(w.watch.watched(m.id()).dev == m.dev());
    CHECK(w.mounts->view("a")->policy == "persb");
    CHECK(w.mounts->views().size() == 1);
    CHECK_FALSE(w.mounts->idle());
    CHECK(in_order(events_of(w), {"mounted"}));
}

TEST_CASE("an unmount is detached, drained and dead, and the unmounter goes on once it is drained", "[served_mounts]") {
    daemon_world w;
    auto& m = w.mounted("a");
    const auto id = m.id();
    std::optional<bool> told;
    w.mounts->wait(m, mount_state::gone, 60s, [&](bool reached) { told = reached; });
    CHECK(unmount(w, m) == 0);
    CHECK(w.watch.unmounts == std::vector<std::string>{"plain /proc"});
    w.gone(id);
    w.until([&] { return told.has_value() && w.empties == 1; });
    CHECK(*told);
    const auto v = *w.mounts->view("id:1");
    const auto at = [&](phase p) { return v.phases_ns[static_cast<std::size_t>(p)]; };
    CHECK(at(phase::detached) == 1'000);
    CHECK(at(phase::drain_begins) > 0);
    CHECK(at(phase::drained) >= at(phase::drain_begins));
    CHECK(at(phase::dead) >= at(phase::drained));
    CHECK(v.drain.calls == 1);
    CHECK(w.watch.opened == std::vector<std::uint32_t>{id});
    CHECK_FALSE(w.watch.watches(id));
    CHECK(w.mounts->find("a") == nullptr);
    CHECK(w.mounts->gone().times.at("persb").drain.total() == 1);
    CHECK(in_order(events_of(w), {"mounted", "detached", "dying", "connection_ended"}));
}

TEST_CASE("a mount is on record before anybody can see it, until it is gone", "[served_mounts]") {
    const tests::own_folder f;
    const os::unique_fd dir{::open(f.dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    const auto record = std::make_shared<owner_record>(dir.get(), "x.state", daemon_state{});
    const auto on_record = [&] {
        std::string why;
        const auto state = read_state(f / "x.state", why);
        return state ? state->mounts : std::vector<owned_mount>{};
    };
    daemon_world w{60s, record};
    std::vector<owned_mount> before;
    w.kernel_side.before_it_is_seen = [&] { before = on_record(); };
    auto& m = w.mounted("a");
    REQUIRE(before.size() == 1);
    CHECK(before[0].name == "a");
    CHECK(before[0].dir == "/proc");
    CHECK(os::is_same(before[0].who, m.identity()));
    CHECK(unmount(w, m) == 0);
    w.gone(m.id());
    CHECK(record->written(20s));
    CHECK(on_record().empty());
    w.kernel_side.refuse_with = EBUSY;
    CHECK_FALSE(w.mount(request_on("/proc", "b")).has_value());
    CHECK(record->written(20s));
    CHECK(on_record().empty());
}

TEST_CASE("a connection that is cut ends the mount, and its name is taken away", "[served_mounts]") {
    daemon_world w;
    auto& m = w.mounted("a");
    const auto id = m.id();
    w.line.at(id).end();
    w.gone(id);
    // The name has stayed (it was busy): we take it away ourselves, lazily.
    CHECK(w.watch.unmounts == std::vector<std::string>{"lazy /proc"});
}

TEST_CASE("what cannot be mounted is refused before anything is made", "[served_mounts]") {
    daemon_world w;
    w.mounted("a");
    const auto refused = [&](mount_request r) {
        const auto error = w.mounts->refuse(r);
        return error ? error->code : std::string{};
    };
    CHECK(refused(request_on("/sys", "b")).empty());
    CHECK(refused(request_on("/proc", "b")) == "already_ours");
    CHECK(refused(request_on("/sys", "a")) == "bad_request");
    auto r = request_on("/sys", "b");
    r.policy = "nothing";
    CHECK(refused(r) == "unknown_policy");
    w.off_limits = "the daemon needs it";
    CHECK(refused(request_on("/sys", "b")) == "not_a_directory");
    w.off_limits.reset();
    w.watch.gate = false;
    r = request_on("/sys", "b");
    r.wait = umount_wait::gate;
    CHECK(refused(r) == "failed");
    r.wait = umount_wait::automatic;
    r.umount_delay = 5ms;
    CHECK(refused(r) == "failed");
    r.wait = umount_wait::api;
    CHECK(refused(r).empty());
    w.mounts->close();
    CHECK(refused(request_on("/sys", "b")) == "failed");
}

TEST_CASE("two clients cannot mount on one directory at once", "[served_mounts]") {
    daemon_world w;
    int first = 0, second = 0;
    w.mounts->create(request_on("/proc", "a"),
                     [&](const auto& m) { first = m.has_value() ? 201 : m.assume_error().status; });
    w.mounts->create(request_on("/proc", "b"),
                     [&](const auto& m) { second = m.has_value() ? 201 : m.assume_error().status; });
    w.until([&] { return first && second; });
    CHECK(first == 201);
    CHECK(second == 409);
}

TEST_CASE("a mount that fails leaves nothing", "[served_mounts]") {
    daemon_world w;
    w.kernel_side.refuse_with = GENERATE(EBUSY, ENODEV, EPERM, EXDEV, ESTALE, ETIMEDOUT, EINVAL, ENOENT, EIO);
    const auto made = w.mount(request_on("/proc", "a"));
    REQUIRE_FALSE(made.has_value());
    CHECK(made.assume_error().message.find("refused") != std::string::npos);
    CHECK(made.assume_error().status == mount_error(w.kernel_side.refuse_with, "").status);
    w.until([&] { return w.mounts->idle(); });
    CHECK(w.watch.unmounts.empty());
    CHECK(w.host.violations.empty());
}

TEST_CASE("who wants a gate and gets none gets no mount", "[served_mounts]") {
    daemon_world w;
    w.watch.holds = false;
    auto r = request_on("/proc", "a");
    SECTION("asked for") { r.wait = umount_wait::gate; }
    SECTION("needed for a delay") { r.umount_delay = 5ms; }
    std::optional<api_result<mount_view>> got;
    w.mounts->create(r, [&](auto m) { got.emplace(std::move(m)); });
    w.until([&] { return got.has_value(); });
    REQUIRE_FALSE(got->has_value());
    CHECK(got->assume_error().status == 501);
    CHECK(w.watch.unmounts == std::vector<std::string>{"lazy /proc"});
}

TEST_CASE("a mount without a gate says so, and serves", "[served_mounts]") {
    daemon_world w;
    w.watch.gate = false;
    auto& m = w.mounted("a");
    CHECK_FALSE(m.gated());
    CHECK(m.state() == mount_state::live);
}

TEST_CASE("the gate may be interrupted and hold again: the mount says which", "[served_mounts]") {
    daemon_world w;
    auto& m = w.mounted("a");
    w.watch.events_of(m.id()).on_held(false);
    CHECK_FALSE(w.mounts->view("a")->gated);
    w.watch.events_of(m.id()).on_held(true);
    CHECK(w.mounts->view("a")->gated);
}

TEST_CASE("a mount is found by its number, its name, its device and its directory", "[served_mounts]") {
    daemon_world w;
    auto& m = w.mounted("a");
    for (const std::string word : {"1", "id:1", "a", "name:a", "/proc", "dir:/proc"}) {
        CAPTURE(word);
        CHECK(w.mounts->find(word) == &m);
    }
    for (const std::string word : {"2", "b", "/sys", "dev:1:999", "id:a"}) {
        CAPTURE(word);
        CHECK(w.mounts->find(word) == nullptr);
    }
}

TEST_CASE("a hold on every drain is there for the next mount on that directory too", "[served_mounts]") {
    daemon_world w;
    auto& m = w.mounted("a");
    const auto id = m.id();
    w.mounts->hold(m, hold_request{30ms, true, false});
    CHECK(m.super()->drain_hold == 30ms);
    CHECK(unmount(w, m) == 0);
    w.gone(id);
    auto& next = w.mounted("b");
    CHECK(next.super()->drain_hold == 30ms);
    w.mounts->hold(next, std::nullopt);
    CHECK(next.super()->drain_hold == 0ms);
    CHECK(unmount(w, next) == 0);
    w.gone(next.id());
    CHECK(w.mounted("c").super()->drain_hold == 0ms);
}

TEST_CASE("a wait ends with what it waits for, with its time, or with its client", "[served_mounts]") {
    daemon_world w;
    auto& m = w.mounted("a");
    std::optional<bool> now, late, never;
    w.mounts->wait(m, mount_state::live, 0ms, [&](bool r) { now = r; });
    CHECK(now == true);
    w.mounts->wait(m, phase::dead, 0ms, [&](bool r) { late = r; });
    const auto give_up = w.mounts->wait(m, phase::dead, 60s, [&](bool r) { never = r; });
    w.until([&] { return late.has_value(); });
    CHECK(late == false);
    CHECK(w.mounts->waits() == 1);
    give_up();
    give_up();
    CHECK(w.mounts->waits() == 0);
    CHECK(unmount(w, m) == 0);
    w.gone(1);
    CHECK_FALSE(never.has_value());
}

TEST_CASE("a wait for a switch ends when time is up, and not at all for who has gone", "[served_mounts]") {
    daemon_world w;
    auto& m = w.mounted("a");
    std::optional<bool> never, late;
    const auto give_up = w.mounts->wait_switch(m, 60s, [&](bool seen) { never = seen; });
    give_up();
    w.mounts->wait_switch(m, 0ms, [&](bool seen) { late = seen; });
    w.until([&] { return late.has_value(); });
    CHECK(late == false);
    CHECK_FALSE(never.has_value());
}

TEST_CASE("a policy is in force for one mount, or for all and the next", "[served_mounts]") {
    daemon_world w;
    auto& m = w.mounted("a");
    bool done = false;
    w.mounts->set_policy(m, *kernel::find_drain_policy("base"), [&] { done = true; });
    w.until([&] { return done; });
    CHECK(w.mounts->view("a")->policy == "base");
    CHECK(w.mounts->default_policy().id() == "persb");
    done = false;
    w.mounts->set_policy_everywhere(*kernel::find_drain_policy("rmbarrier"), [&] { done = true; });
    w.until([&] { return done; });
    CHECK(w.mounts->view("a")->policy == "rmbarrier");
    CHECK(w.mounted("b", request_on("/sys", "b")).view().policy == "rmbarrier");
}

TEST_CASE("a mount goes with the process that it was made for", "[served_mounts]") {
    int pair[2];
    REQUIRE(pipe2(pair, O_CLOEXEC) == 0);
    const pid_t companion = fork();
    if (companion == 0) {
        char byte;
        close(pair[1]);
        _exit(static_cast<int>(read(pair[0], &byte, 1)));
    }
    daemon_world w;
    auto r = request_on("/proc", "a");
    r.with_pid = companion;
    w.mounted("a", r);
    CHECK(w.mounts->view("a")->with_pid == companion);
    CHECK(w.watch.unmounts.empty());
    close(pair[1]);
    w.gone(1);
    CHECK(w.watch.unmounts == std::vector<std::string>{"lazy /proc"});
    waitpid(companion, nullptr, 0);
    close(pair[0]);
    CHECK(w.mounts->refuse(r)->code == "bad_request");  // there is no such process any more
}

TEST_CASE("stop unmounts all; who is held is detached and named", "[served_mounts]") {
    daemon_world w;
    w.mounted("a");
    w.mounted("b", request_on("/sys", "b"));
    bool over = false;
    SECTION("nobody is") {
        w.mounts->stop(60s, [&] { over = true; });
        w.until([&] { return over; });
        CHECK(w.mounts->held().empty());
        CHECK(w.mounts->idle());
    }
    SECTION("one is, and stays detached") {
        w.watch.answers = {EBUSY, 0, 0};
        w.watch.busy = true;
        w.mounts->stop(0ms, [&] { over = true; });
        w.until([&] { return over && w.watch.unmounts.size() == 3; });
        REQUIRE(w.mounts->held().size() == 2);
        CHECK(w.mounts->held()[0].name == "a");
        CHECK(w.mounts->held()[0].why_left.empty());
    }
    SECTION("one is, and cannot even be detached") {
        w.watch.answers = {EBUSY, 0, EPERM};
        w.mounts->stop(0ms, [&] { over = true; });
        w.until([&] { return over && !w.mounts->held().empty() && !w.mounts->held()[0].why_left.empty(); });
        CHECK(w.mounts->held()[0].why_left == "Operation not permitted");
    }
    CHECK(w.mounts->stopping());
    CHECK(w.mounts->refuse(request_on("/dev", "c"))->status == 503);
}

TEST_CASE("no unmounter waits longer than the limit: the drain's violation is told, and the gate opens",
          "[served_mounts]") {
    daemon_world w{1ms};
    auto& m = w.mounted("a");
    w.mounts->hold(m, hold_request{60s, false, false});
    CHECK(unmount(w, m) == 0);
    w.until([&] { return !w.watch.opened.empty(); });
    REQUIRE(w.mounts->view("a")->violations.size() == 1);
    CHECK(w.mounts->view("a")->violations[0].invariant == "drain_limit");
    CHECK(m.phase_ns(phase::drained) == 0);
    w.mounts->hold(m, std::nullopt);
    w.gone(1);
}

TEST_CASE("a hold that was asked for with force goes on beyond the limit", "[served_mounts]") {
    daemon_world w{200ms};
    auto& m = w.mounted("a");
    w.mounts->hold(m, hold_request{400ms, false, true});
    CHECK(unmount(w, m) == 0);
    w.gone(1);
    const auto v = *w.mounts->view("id:1");
    CHECK(v.violations.empty());
    const auto at = [&](phase p) { return v.phases_ns[static_cast<std::size_t>(p)]; };
    CHECK(at(phase::drained) - at(phase::drain_begins) >= 400'000'000);
}
