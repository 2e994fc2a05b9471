#include "controller/client/leftovers.hpp"

#include "controller/client/launch.hpp"
#include "controller/client/process.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace drainlab::client;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

struct folder {
    std::string dir = (fs::temp_directory_path() / "drainlab-left-XXXXXX").string();
    folder() { REQUIRE(mkdtemp(dir.data())); }
    ~folder() { fs::remove_all(dir); }
    std::string operator/(const std::string& name) const { return dir + "/" + name; }
};

/// A pid that was ours and is nobody's now.
pid_t dead_pid() {
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    waitpid(pid, nullptr, 0);
    return pid;
}

void write_record(const std::string& socket, pid_t pid, std::uint64_t start) {
    const json record{{"pid", pid},
                      {"start_time", start},
                      {"gate_pid", nullptr},
                      {"mounts", json::array({{{"dir", "/"}, {"dev", "0:0"}, {"name", "not ours"}}})}};
    std::ofstream(state_beside(socket)) << record;
}

}  // namespace

TEST_CASE("a living daemon's things are left alone", "[leftovers]") {
    folder f;
    const std::string socket = f / "x.sock";
    std::ofstream touched{socket};
    write_record(socket, getpid(), start_time(getpid()).value());
    CHECK_FALSE(daemon_is_dead(socket));
    CHECK(clean_socket(socket).empty());
    CHECK(fs::exists(socket));
}

TEST_CASE("a dead daemon's socket and record go, and nothing that is not a drainfs mount", "[leftovers]") {
    folder f;
    const std::string socket = f / "x.sock";
    std::ofstream touched{socket};
    SECTION("its pid is free") { write_record(socket, dead_pid(), 1); }
    SECTION("its pid is somebody else's now") { write_record(socket, getpid(), 1); }
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

TEST_CASE("private directories of dead makers go, those of the living stay", "[leftovers]") {
    folder f;
    const std::string dead = f / ("private-" + std::to_string(dead_pid()) + "-abc");
    const std::string ours = f / ("private-" + std::to_string(getpid()) + "-abc");
    for (const auto& dir : {dead, ours, f / "private-x-abc", f / "other"}) fs::create_directory(dir);
    std::ofstream(dead + "/drainfs.log") << "x";
    const auto report = clean_private_directories(f.dir);
    CHECK(report.directories == std::vector<std::string>{dead});
    CHECK_FALSE(fs::exists(dead));
    CHECK(fs::exists(ours));
    CHECK(fs::exists(f / "private-x-abc"));
    CHECK(fs::exists(f / "other"));
}

TEST_CASE("only groups named after dead processes are removed", "[leftovers]") {
    folder f;
    const std::string dead = f / ("drainlab-" + std::to_string(dead_pid()) + "-burner");
    const std::string ours = f / ("drainlab-" + std::to_string(getpid()) + "-burner");
    for (const auto& dir : {dead, dead + "/inner", ours, f / "drainlab-1x-y", f / "system.slice"})
        fs::create_directory(dir);
    const auto report = clean_cgroups(f.dir);
    CHECK(report.cgroups.size() == 2);
    CHECK(report.problems.empty());
    CHECK_FALSE(fs::exists(dead));
    CHECK(fs::exists(ours));
    CHECK(fs::exists(f / "drainlab-1x-y"));
    CHECK(fs::exists(f / "system.slice"));
}
