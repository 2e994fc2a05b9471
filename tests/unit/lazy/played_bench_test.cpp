// The bench of umount and umount -l on real mounts in a mount namespace of the test; the test plays the daemon.
#include "controller/lazy/bench.hpp"
#include "tests/unit/lazy/bound_drainfs.hpp"
#include "tests/unit/machine/seen_apart.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

using namespace drainlab;
using namespace drainlab::lazy;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

bench_options modest(std::vector<std::string> scenarios = {"umount_free", "lazy_free", "lazy_held"}) {
    bench_options o;
    o.scenarios = std::move(scenarios);
    o.mounts = {"drainfs", "tmpfs"};
    o.samples = 2;
    return o;
}

/// The cells of a run on `daemon`, and what it took; or why it ended.
json measured(test::bound_drainfs& daemon, const std::string& base, const bench_options& o, int stop_after = -1) {
    std::vector<std::int64_t> pauses;
    json heard = json::array(), cells = json::array();
    const ground where{daemon.socket(), base, [&](auto length) { pauses.push_back(length / 1ms); }};
    const auto run = bench_on(
        where, o,
        [&](const auto& scenario, const auto& kind, int done, int total) {
            heard.push_back({scenario, kind, done, total});
        },
        [&] { return static_cast<int>(heard.size()) == stop_after; });
    if (!run) {
        const auto& e = run.error();
        return {{"code", e.code}, {"message", e.message}, {"exit", static_cast<int>(e.exit)}};
    }
    for (const auto& c : run.value())
        cells.push_back({{"scenario", c.scenario},
                         {"mounts", c.mounts},
                         {"policy", c.policy},
                         {"samples", c.samples},
                         {"told", c.umount_ms.has_value()},
                         {"died", c.phases_ms.dead.has_value()}});
    return {{"cells", cells}, {"heard", heard}, {"pauses", pauses}, {"wanted", daemon.wanted()}};
}

}  // namespace

TEST_CASE("every kind of mount has its samples in every scenario, and a warm-up besides", "[lazy]") {
    const tests::own_folder f;
    auto o = modest();
    o.way = GENERATE(umount_way::syscall, umount_way::umount8);
    auto seen = test::seen_apart(f.dir, [&] {
        test::bound_drainfs daemon;
        return measured(daemon, f.dir, o);
    });
    if (!seen) return;
    CAPTURE(seen->dump(1));
    auto expected = json::array();
    for (const auto* scenario : {"umount_free", "lazy_free", "lazy_held"})
        for (const auto* kind : {"drainfs", "tmpfs"})
            expected.push_back({{"scenario", scenario},
                                {"mounts", kind},
                                {"policy", kind == std::string("drainfs") ? "persb" : "kernel"},
                                {"samples", 2},
                                {"told", true},
                                {"died", true}});
    CHECK((*seen)["cells"] == expected);
    auto& heard = (*seen)["heard"];
    REQUIRE(heard.size() == 18);
    for (int i = 0; i < 18; ++i) {
        CHECK(heard[i][0] == o.scenarios[static_cast<std::size_t>(i / 6)]);
        CHECK(heard[i][2] == i);
        CHECK(heard[i][3] == 18);
    }
    CHECK((*seen)["pauses"] == json{20, 20, 20, 20, 20, 20});  // of the holders in lazy_held
    auto& wanted = (*seen)["wanted"];
    REQUIRE(wanted.size() == 9);
    CHECK(wanted[0] == json{{"dir", f / "drainfs"}, {"store", f / "drainfs-store"}, {"policy", "persb"}});
}

TEST_CASE("a bench that is stopped has what it measured until then", "[lazy]") {
    const tests::own_folder f;
    auto seen = test::seen_apart(f.dir, [&] {
        test::bound_drainfs daemon;
        return measured(daemon, f.dir, modest(), 4);
    });
    if (!seen) return;
    REQUIRE((*seen)["cells"].size() == 6);
    CHECK((*seen)["heard"].size() == 4);
    CHECK((*seen)["cells"][0]["samples"] == 1);  // two rounds of two, the first of which is not counted
    CHECK((*seen)["cells"][1]["samples"] == 1);
    CHECK((*seen)["cells"][2]["samples"] == 0);
    CHECK((*seen)["cells"][2]["told"] == false);
}

TEST_CASE("the first that cannot be mounted or unmounted ends the bench, with its reason", "[lazy]") {
    const tests::own_folder f;
    auto o = modest({"umount_free"});
    o.mounts = {"drainfs"};
    const auto failed = [&](const std::function<void(test::bound_drainfs&)>& fault) {
        return test::seen_apart(f.dir, [&] {
            test::bound_drainfs daemon;
            fault(daemon);
            return measured(daemon, f.dir, o);
        });
    };
    auto refused = failed([](auto& d) { d.refuses = "no room"; });
    if (!refused) return;
    CHECK((*refused)["message"] == "no room");
    auto by_program = failed([](auto& d) { d.mounts_nothing = true; });
    CHECK((*by_program)["code"] == "umount_failed");
    CHECK((*by_program)["exit"] == static_cast<int>(client::exit_code::broken));
    CHECK((*by_program)["message"].get<std::string>().starts_with("umount " + f / "drainfs" + " ended with 32: "));
    o.way = umount_way::syscall;
    auto by_call = failed([](auto& d) { d.mounts_nothing = true; });
    CHECK((*by_call)["message"] == "umount " + f / "drainfs" + ": Invalid argument");
}

TEST_CASE("what a failed cycle has left mounted goes with the bench", "[lazy]") {
    const tests::own_folder f;
    auto o = modest({"umount_free"});
    o.mounts = {"drainfs"};
    auto seen = test::seen_apart(f.dir, [&]() -> json {
        test::bound_drainfs daemon;
        ::mkdir((f / "drainfs").c_str(), 0700);
        ::mkdir((f / "drainfs-store").c_str(), 0700);
        ::mkdir((f / "drainfs-store/file").c_str(), 0700);  // so that no file can be written
        auto said = measured(daemon, f.dir, o);
        said["left"] = machine::read_text("/proc/self/mountinfo").find(f / "drainfs ") != std::string::npos;
        return said;
    });
    if (!seen) return;
    CHECK((*seen)["message"] == "write in " + f / "drainfs" + ": Is a directory");
    CHECK((*seen)["left"] == false);
}

TEST_CASE("a bench whose daemon cannot be started is none", "[lazy]") {
    const tests::own_folder f;
    auto o = modest();
    o.profile = "zero";
    o.socket = f / "nowhere/d.sock";
    const auto run = run_bench(
        o, [](const auto&, const auto&, int, int) { FAIL("nothing is measured"); }, [] { return false; });
    REQUIRE_FALSE(run);
    CHECK(run.error().exit == client::exit_code::usage);
    CHECK(run.error().message.find("there is no directory") != std::string::npos);
}
