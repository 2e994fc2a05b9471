// The five steps on real mounts in a mount namespace of the test, under a daemon that the test plays.
#include "tests/unit/lazy/told_story.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::lazy;
using namespace std::chrono_literals;
using nlohmann::json;
using test::claims;
using test::ids;
using test::lanes;
using test::texts;
using test::told_on;

TEST_CASE("on a filesystem that keeps its word all five steps are as asserted", "[lazy]") {
    const tests::own_folder f;
    auto seen = test::seen_apart(f.dir, [&] {
        test::bound_drainfs daemon;
        return told_on(daemon, f.dir, 0ms);
    });
    if (!seen) return;
    CAPTURE(seen->dump(1));
    CHECK((*seen)["fine"] == true);
    CHECK((*seen)["complete"] == true);
    CHECK((*seen)["umount_wait"] == "api");
    CHECK((*seen)["told"] == ids);
    CHECK((*seen)["left_mounted"] == 0);
    CHECK((*seen)["pauses"] == json{20, 20, 20});  // fd, cwd, crash
    CHECK(claims(*seen, "free", true) == texts{"no invariant is violated", "the store has every byte"});
    CHECK(claims(*seen, "fd", true) == texts{"umount -l returned and no shutdown had begun",
                                             "the superblock is alive as long as it is held",
                                             "I/O through the open file goes on", "no invariant is violated",
                                             "the store has every byte, those written after the detach too"});
    CHECK(claims(*seen, "cwd", true) ==
          texts{"a plain umount is refused with EBUSY", "umount -l returned and no shutdown had begun",
                "the superblock is alive as long as it is held",
                "/proc tells who holds it, though it has no name any more", "no invariant is violated"});
    CHECK(claims(*seen, "second", true) == texts{"both are alive at the same path", "the second went without the first",
                                                 "no invariant is violated", "each store has its own bytes"});
    CHECK(claims(*seen, "crash", true).size() == 4);
}

TEST_CASE("the timeline has a bar for each who took part, and events in order", "[lazy]") {
    const tests::own_folder f;
    auto seen = test::seen_apart(f.dir, [&] {
        test::bound_drainfs daemon;
        return told_on(daemon, f.dir, 0ms);
    });
    if (!seen) return;
    auto& steps = (*seen)["steps"];
    CHECK(lanes(steps[0]) == texts{"umount -l", "name", "drain", "superblock"});
    CHECK(lanes(steps[1]) == texts{"umount -l", "close", "holder", "name", "drain", "superblock"});
    CHECK(lanes(steps[3]) == texts{"umount -l", "second", "close", "holder", "name", "drain", "superblock"});
    CHECK(lanes(steps[4]) == texts{"umount -l", "exit", "holder", "name", "drain", "superblock"});
    for (const auto& s : steps) {
        CHECK(s["events"].front()["what"] == "mounted, a file written");
        CHECK(s["events"].back()["what"] == "the superblock is dead");
        for (std::size_t i = 1; i < s["events"].size(); ++i)
            CHECK(s["events"][i - 1]["at_ms"] <= s["events"][i]["at_ms"]);
    }
}

TEST_CASE("the daemon is asked for mounts with the delay, and for the death of each", "[lazy]") {
    const tests::own_folder f;
    const bool gate = GENERATE(false, true);
    auto seen = test::seen_apart(f.dir, [&] {
        test::bound_drainfs daemon;
        daemon.gate = gate;
        int told = 0;
        return told_on(daemon, f.dir, 70ms, [&] { return told++ == 4; });
    });
    if (!seen) return;
    CHECK((*seen)["complete"] == false);
    CHECK((*seen)["told"] == texts{"free", "fd", "cwd", "second"});
    auto& wanted = (*seen)["wanted"];
    REQUIRE(wanted.size() == 5);
    for (int i = 0; i < 4; ++i) {
        const auto dir = f / ids[static_cast<std::size_t>(i)];
        CHECK(wanted[i] == json{{"dir", dir},
                                {"store", dir + "-store"},
                                {"umount_delay_ms", 70},
                                {"umount_wait", gate ? "auto" : "api"}});
    }
    CHECK(wanted[4]["dir"] == f / "second");
    CHECK(wanted[4]["store"] == f / "second-store-second");
    CHECK(wanted[4]["umount_delay_ms"] == 0);
    CHECK((*seen)["pauses"] == json{90, 90});
    texts of_first((*seen)["asked"].begin(), (*seen)["asked"].begin() + 5);
    if (!gate) of_first.insert(of_first.begin() + 3, "GET /mounts/1");  // asked while it is told with a gate only
    CHECK(of_first[0] == "GET /health");
    CHECK(of_first[2] == "POST /mounts");
    CHECK(of_first[3] == "GET /mounts/1");
    CHECK(of_first[4] == "GET /mounts/1/wait?state=dead&timeout_ms=30000&holders=false");
}

TEST_CASE("behind a gate whoever lets go last must have waited for the delay", "[lazy]") {
    const tests::own_folder f;
    const auto delay = GENERATE(0ms, 3'600'000ms);
    auto seen = test::seen_apart(f.dir, [&] {
        test::bound_drainfs daemon;
        daemon.gate = true;
        return told_on(daemon, f.dir, delay);
    });
    if (!seen) return;
    CAPTURE(seen->dump(1));
    const bool waited = delay == 0ms;
    CHECK((*seen)["umount_wait"] == "gate");
    CHECK((*seen)["fine"] == waited);
    const auto of_waiting = [&](const std::string& id) {
        auto all = claims(*seen, id, waited);
        std::erase_if(all, [](const auto& text) { return text.find(" wait") == std::string::npos; });
        return all;
    };
    CHECK(of_waiting("free") == texts{"umount -l waited for the whole shutdown"});
    CHECK(of_waiting("fd") == texts{"the last close had to wait for the shutdown"});
    CHECK(of_waiting("cwd").empty());
    CHECK(of_waiting("second") == texts{"the last close had to wait for the shutdown"});
    CHECK(of_waiting("crash") == texts{"the killed process's exit had to wait for the shutdown"});
    const auto of_free = claims(*seen, "free", true);
    CHECK(std::count(of_free.begin(), of_free.end(), "the superblock was dead when it returned") == 1);
}
