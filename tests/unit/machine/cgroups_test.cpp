#include "controller/machine/cgroups.hpp"

#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::machine;
namespace fs = std::filesystem;

TEST_CASE("only groups named after dead processes are removed", "[leftovers]") {
    folder f;
    const auto dead = somebody_dead();
    const auto of = [&](const os::process_identity& who) { return f / ("drainlab-" + os::to_word(who) + "-0"); };
    for (const auto& dir : {of(dead), of(dead) + "/inner", of(os::this_process()), of(elsewhere(dead)),
                            f / "drainlab-1x-y", f / "system.slice"})
        fs::create_directory(dir);
    const auto report = clean_cgroups(f.dir);
    CHECK(report.cgroups.size() == 2);
    CHECK(report.problems.empty());
    CHECK_FALSE(fs::exists(of(dead)));
    CHECK(fs::exists(of(os::this_process())));
    CHECK(fs::exists(of(elsewhere(dead))));  // alive, for all we know
    CHECK(fs::exists(f / "drainlab-1x-y"));
    CHECK(fs::exists(f / "system.slice"));
}

TEST_CASE("the groups of one maker go, and nobody else's of the same number", "[cgroups]") {
    folder f;
    const auto maker = os::this_process();
    auto earlier = maker;
    earlier.start_time -= 1;
    const auto of = [&](const os::process_identity& who) { return f / ("drainlab-" + os::to_word(who) + "-0"); };
    for (const auto& dir : {of(maker), of(earlier), of(elsewhere(maker))}) fs::create_directory(dir);
    remove_cgroups_of("", maker);
    remove_cgroups_of(f.dir, {});
    CHECK(fs::exists(of(maker)));
    remove_cgroups_of(f.dir, maker);
    CHECK_FALSE(fs::exists(of(maker)));
    CHECK(fs::exists(of(earlier)));
    CHECK(fs::exists(of(elsewhere(maker))));
}

TEST_CASE("where no cgroup can be made, it is said why, and what to do instead", "[cgroups]") {
    const folder f;
    for (const auto& place : {f.dir, f / "none"}) {
        CAPTURE(place);
        const auto found = find_cgroup_root(place);
        REQUIRE_FALSE(found);
        CHECK(found.error().code == "no_cgroups");
        CHECK(found.error().message.find(place) != std::string::npos);
        CHECK(found.error().exit == exit_code::cannot_run);
        CHECK(found.error().hint.find("--identity session") != std::string::npos);
    }
    CHECK(std::filesystem::is_empty(f.dir));  // the probe is gone
}

TEST_CASE("a cgroup root that is found can be used", "[cgroups]") {
    const auto found = find_cgroup_root("");
    if (!found) return;  // none here
    const auto group = found.value() + "/drainlab-" + drainlab::os::to_word(drainlab::os::this_process()) + "-x";
    REQUIRE(std::filesystem::create_directory(group));
    REQUIRE(std::filesystem::create_directory(group + "/below"));
    remove_cgroups_of(found.value(), {});  // nobody's
    CHECK(std::filesystem::exists(group));
    remove_cgroups_of(found.value(), drainlab::os::this_process());
    CHECK_FALSE(std::filesystem::exists(group));
}
