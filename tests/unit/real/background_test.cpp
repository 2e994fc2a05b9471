// The burners beside the targets, in plain directories; the daemon is played.
#include "tests/unit/real/cycle_world.hpp"

using namespace drainlab;
using namespace drainlab::real;
using namespace drainlab::real::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

long times(const texts& all, const std::string& one) { return std::count(all.begin(), all.end(), one); }

/// COUNTERS of a daemon in which things go on: none at first, then some.
struct slow_start {
    int asked_for = 0;
    std::optional<answer> operator()(const asked& r, const json& then) {
        if (r.what != "GET /counters") return std::nullopt;
        return ++asked_for < 3 ? answer{200, {{"switches", {{"queued", 1}}}}} : answer{200, then};
    }
};

}  // namespace

TEST_CASE("a background is at work when there is a switch for each mount, and leaves nothing", "[background]") {
    cycle_world w;
    slow_start counters;
    w.daemon.answer_with([&](const asked& r) -> std::optional<answer> {
        if (r.what.ends_with("/umount"))  // what was written goes with the mount
            for (const int id : {1, 2}) fs::remove(w.daemon.dir_of(id) + "/burner");
        return counters(r, w.daemon.counters);
    });
    REQUIRE(w.events.drive(w.beside.start({2, 4}, true), 30s));
    const auto begun = w.daemon.requests();
    CHECK(begun == texts{"POST /mounts", "POST /mounts", "GET /counters", "GET /counters", "GET /counters"});
    const auto mounts = w.daemon.bodies("POST /mounts");
    CHECK(mounts[0] == json{{"dir", w.f / "background0"}, {"name", "background0"}, {"bdi", shared_device}});
    CHECK(mounts[1] == json{{"dir", w.f / "background1"}, {"name", "background1"}});
    wait_for_file(w.f / "background0/burner");
    wait_for_file(w.f / "background1/burner");
    REQUIRE(w.events.drive(w.beside.stop(), 30s));
    const auto all = w.daemon.requests();
    CHECK(texts(all.begin() + 5, all.end()) ==
          texts{"POST /mounts/1/umount", "GET /mounts/1/wait", "POST /mounts/2/umount", "GET /mounts/2/wait"});
    CHECK(w.daemon.bodies("POST /mounts/2/umount") == std::vector<json>{{{"lazy", false}}});
    CHECK_FALSE(fs::exists(w.f / "background0"));
    CHECK_FALSE(fs::exists(w.f / "background1"));
    w.events.linger(30s, [&] { return w.events.idle(); });
    CHECK_FALSE(w.events.stopped());  // that they ended is no news
}

TEST_CASE("a target is unmounted when a switch of the background is in flight", "[background]") {
    cycle_world w;
    int looks = 0;
    w.daemon.answer_with([&](const asked& r) -> std::optional<answer> {
        if (r.what != "GET /counters") return std::nullopt;
        return answer{200, {{"switches", {{"queued", 9}}}, {"isw_nr_in_flight", ++looks < 4 ? 0 : 1}}};
    });
    REQUIRE(w.events.drive(w.beside.start({1, 4}, false), 30s));
    REQUIRE(w.cycle());
    const auto all = w.daemon.requests();
    CHECK(times(all, "GET /counters") == 4);
    CHECK(times({all.begin(), std::find(all.begin(), all.end(), "GET /mounts/2/wait")}, "GET /counters") == 4);
    w.beside.kill();
    w.events.linger(30s, [&] { return w.events.idle(); });
    CHECK(w.events.idle());
}

TEST_CASE("without a background there is nothing to wait for", "[background]") {
    cycle_world w;
    REQUIRE(w.events.drive(w.beside.start({0, 4}, false), 30s));
    REQUIRE(w.events.drive(w.beside.in_flight(), 30s));
    REQUIRE(w.events.drive(w.beside.stop(), 30s));
    CHECK(w.daemon.requests().empty());
}

TEST_CASE("a burner that ends by itself ends the run, and says why", "[background]") {
    cycle_world w;
    w.at.style.cgroup_root = w.f / "no-cgroup-here";
    REQUIRE(w.events.drive(w.beside.start({1, 4}, false), 30s));
    w.events.linger(30s, [&] { return w.events.stopped().has_value(); });
    REQUIRE(w.events.stopped());
    CHECK(w.events.stopped()->code == "workload_died");
    CHECK(w.events.stopped()->message.starts_with("the burner on " + (w.f / "background0") + " ended: mkdir "));
}

TEST_CASE("a background that the daemon does not mount does not start", "[background]") {
    cycle_world w;
    w.daemon.answer_with([](const asked&) { return answer{0, {}, answer::hang_up}; });
    const auto out = w.events.drive(w.beside.start({1, 4}, false), 30s);
    REQUIRE_FALSE(out);
    CHECK(out.error().code == "connection_lost");
}
