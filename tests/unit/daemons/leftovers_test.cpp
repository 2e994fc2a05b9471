#include "controller/daemons/leftovers.hpp"

#include "controller/daemons/launch.hpp"
#include "fusefs/control/state_file.hpp"
#include "fusefs/os/process_identity.hpp"
#include "tests/unit/machine/somebody_dead.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::daemons;
namespace fs = std::filesystem;

namespace {

void write_record(const std::string& socket, const os::process_identity& daemon) {
    control::daemon_state s{daemon, os::mount_namespace_of(), {}, {}};
    s.mounts = {{"/", "not ours", os::identify_mount(AT_FDCWD, "/")}, {"/proc", "about to be made", {}}};
    REQUIRE(control::write_state(control::state_path(socket), s));
}

}  // namespace

TEST_CASE("a living daemon's things are left alone", "[leftovers]") {
    folder f;
    const std::string socket = f / "x.sock";
    std::ofstream touched{socket};
    write_record(socket, os::this_process());
    CHECK_FALSE(daemon_is_dead(socket));
    CHECK(clean_socket(socket).empty());
    CHECK(fs::exists(socket));
}

TEST_CASE("a dead daemon's socket and record go, and nothing that is not a drainfs mount", "[leftovers]") {
    folder f;
    const std::string socket = f / "x.sock";
    std::ofstream touched{socket};
    SECTION("its pid is free") { write_record(socket, somebody_dead()); }
    SECTION("its pid is somebody else's now") {
        auto who = os::this_process();
        --who.start_time;
        write_record(socket, who);
    }
    CHECK(daemon_is_dead(socket));
    const auto report = clean_socket(socket);
    CHECK(report.sockets == std::vector<std::string>{socket});
    CHECK(report.mounts.empty());
    CHECK(report.problems.empty());
    CHECK_FALSE(fs::exists(socket));
    CHECK_FALSE(fs::exists(state_beside(socket)));
}

TEST_CASE("a record that is no JSON harms nobody", "[leftovers]") {
    folder f;
    std::ofstream(f / "x.state") << "{\"pid\":";
    CHECK(daemon_is_dead(f / "x.sock"));
    CHECK(clean_socket(f / "x.sock").problems.empty());
}

TEST_CASE("a record that somebody else may have written is not obeyed", "[leftovers]") {
    folder f;
    const std::string socket = f / "x.sock";
    write_record(socket, somebody_dead());
    SECTION("its mode") { fs::permissions(state_beside(socket), fs::perms::all); }
    SECTION("its directory") { fs::permissions(f.dir, fs::perms::all); }
    SECTION("its owner") {
        if (geteuid() != 0) return;
        fs::permissions(f.dir, fs::perms::all | fs::perms::sticky_bit);
        REQUIRE(chown(state_beside(socket).c_str(), 1234, 1234) == 0);
    }
    const auto report = clean_socket(socket);
    CHECK(report.empty());
    CHECK(report.problems.size() == 1);
    CHECK(fs::exists(state_beside(socket)));
}

TEST_CASE("private directories of dead makers go, those of the living stay", "[leftovers]") {
    folder f;
    const auto dead = somebody_dead();
    const auto of = [&](const os::process_identity& who) { return f / ("p-" + os::to_word(who) + "-abc"); };
    for (const auto& dir :
         {of(dead), of(os::this_process()), of(elsewhere(dead)), f / "p-x-abc", f / "p-1-abc", f / "other"})
        fs::create_directory(dir);
    std::ofstream(of(dead) + "/drainfs.log") << "x";
    const auto report = clean_private_directories(f.dir);
    CHECK(report.directories == std::vector<std::string>{of(dead)});
    CHECK_FALSE(fs::exists(of(dead)));
    CHECK(fs::exists(of(os::this_process())));
    CHECK(fs::exists(of(elsewhere(dead))));
    CHECK(fs::exists(f / "p-x-abc"));
    CHECK(fs::exists(f / "p-1-abc"));
    CHECK(fs::exists(f / "other"));
}
