// What the story says where a daemon, or a filesystem, does not do as it should.
#include "tests/unit/lazy/told_story.hpp"

#include <catch2/catch.hpp>

using namespace drainlab;
using namespace drainlab::lazy;
using namespace std::chrono_literals;
using nlohmann::json;
using test::claims;
using test::ids;
using test::texts;
using test::told_on;

namespace {

/// The story on a daemon that does something wrong.
std::optional<json> told_with(const std::function<void(test::bound_drainfs&)>& fault, const std::string& base) {
    return test::seen_apart(base, [&] {
        test::bound_drainfs daemon;
        fault(daemon);
        return told_on(daemon, base, 0ms);
    });
}

}  // namespace

TEST_CASE("what a filesystem does wrong is a claim that does not hold", "[lazy]") {
    const tests::own_folder f;
    const auto told = [&](const auto& fault) { return told_with(fault, f.dir); };
    if (const auto seen = told([](auto& d) { d.hasty = true; })) {
        CHECK(claims(*seen, "free", false).empty());
        const texts early{"umount -l returned and no shutdown had begun",
                          "the superblock is alive as long as it is held"};
        for (const auto* id : {"fd", "cwd", "crash"}) CHECK(claims(*seen, id, false) == early);
        CHECK(claims(*seen, "second", false) ==
              texts{"both are alive at the same path", "the second went without the first"});
    }
    if (const auto seen = told([](auto& d) { d.loses_bytes = true; })) {
        CHECK(claims(*seen, "free", false) == texts{"the store has every byte"});
        CHECK(claims(*seen, "fd", false) == texts{"the store has every byte, those written after the detach too"});
        CHECK(claims(*seen, "cwd", false).empty());
        CHECK(claims(*seen, "second", false) == texts{"each store has its own bytes"});
        CHECK(claims(*seen, "crash", false) == texts{"the store has every byte"});
    }
    if (const auto seen = told([](auto& d) { d.violations = {{{"invariant", "busy_inodes"}}}; }))
        for (const auto& id : ids) CHECK(claims(*seen, id, false) == texts{"no invariant is violated"});
}

TEST_CASE("a step that cannot be played says why, and the next is played", "[lazy]") {
    const tests::own_folder f;
    const auto told = [&](const auto& fault) { return told_with(fault, f.dir); };
    auto refused = told([](auto& d) { d.refuses = "no room"; });
    if (!refused) return;
    CHECK((*refused)["told"] == ids);
    CHECK((*refused)["fine"] == false);
    for (const auto& id : ids) CHECK(claims(*refused, id, false) == texts{"it could be played: no room"});
    auto absent = told([](auto& d) { d.mounts_nothing = true; });
    for (const auto& id : ids)
        CHECK(claims(*absent, id, false) == texts{"it could be played: " + f / id + ": not in mountinfo"});
}

TEST_CASE("without a daemon there is no story, and without the right to unmount none is started", "[lazy]") {
    const tests::own_folder f;
    const auto nothing = [](const step&) {};
    const auto go_on = [] { return false; };
    const auto nobody = play_story({f / "d.sock", f.dir}, 0ms, nothing, go_on);
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().code == "no_daemon");
    const auto nowhere = machine::ask_in_child(
        [&](int out) {
            if (geteuid() == 0 && setuid(65534) != 0) return 1;
            const auto denied = tell_story(0ms, nothing, go_on);
            machine::tell(out, denied.error().code + " " + std::to_string(static_cast<int>(denied.error().exit)));
            return 0;
        },
        30s);
    CHECK(nowhere.text == "denied 4");
    if (geteuid() != 0) return;
    const auto no_place = tell_story(0ms, nothing, go_on, f / "nowhere/d.sock");
    REQUIRE_FALSE(no_place);
    CHECK(no_place.error().exit == client::exit_code::usage);
    CHECK(no_place.error().message.find("there is no directory") != std::string::npos);
}
