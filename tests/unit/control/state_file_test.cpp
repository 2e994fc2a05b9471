#include "fusefs/control/state_file.hpp"

#include "fusefs/control/leftovers.hpp"
#include "fusefs/os/own_file.hpp"
#include "tests/own_folder.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::control;

namespace {

using folder = tests::own_folder;

std::optional<daemon_state> read(const std::string& path) {
    std::string why;
    return read_state(path, why);
}

}  // namespace

TEST_CASE("the state file lies beside the socket", "[control]") {
    CHECK(state_path("/run/x/1.sock") == "/run/x/1.state");
    CHECK(state_path("/run/x/plain") == "/run/x/plain.state");
    CHECK(state_path(".sock") == ".sock.state");
    CHECK(life_path("/run/x/1.sock") == "/run/x/1.life");
}

TEST_CASE("state goes through JSON, whatever bytes names have", "[control]") {
    const std::string strange = "/a \"b\"\n\xff\\";
    const daemon_state s{{17, 4711, 5, "boot"},
                         99,
                         {18, 4712, 5, "boot"},
                         {{strange, "n\x1b", {makedev(0, 45), 1ull << 40, 300, 99}}, {"/c", "m"}}};
    const auto text = state_to_json(s);
    CHECK(text.find("\\\\xff\\\\\\\\") != std::string::npos);  // \xff\\ as JSON writes it
    const auto back = state_from_json(text);
    REQUIRE(back.has_value());
    CHECK(back->daemon == s.daemon);
    CHECK(back->gate == s.gate);
    CHECK(back->mount_namespace == 99);
    REQUIRE(back->mounts.size() == 2);
    CHECK(back->mounts[0].dir == strange);
    CHECK(back->mounts[0].name == "n\x1b");
    CHECK(back->mounts[0].who.dev == makedev(0, 45));
    CHECK(back->mounts[0].who.id == 1ull << 40);
    CHECK(back->mounts[0].who.table_id == 300);
    CHECK(back->mounts[0].who.ns == 99);
    CHECK_FALSE(back->mounts[1].who);
    CHECK(state_from_json(state_to_json({s.daemon, 99, {}, {}}))->gate.pid == 0);
}

TEST_CASE("changes follow the state, and the last line may be half a one", "[control]") {
    const folder f;
    const os::unique_fd dir{open(f.dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    const os::mount_identity who{makedev(0, 45), 7, 300, 99};
    const auto file =
        write_state(dir.get(), "x.state", {{1, 2, 3, ""}, 99, {}, {{"/a", "a", who, 1}, {"/b", "b", who, 2}}});
    REQUIRE(file);
    REQUIRE(append_changes(file.get(), {{1, {}}, {3, owned_mount{"/c", "c", {}, 3}}, {9, {}}}, 99));
    REQUIRE(append_changes(file.get(), {{3, owned_mount{"/c", "c", who, 3}}}, 99));
    const std::string half = R"({"id":2,"go)";
    REQUIRE(write(file.get(), half.data(), half.size()) > 0);
    const auto s = read(f / "x.state");
    REQUIRE(s);
    REQUIRE(s->mounts.size() == 2);
    CHECK(s->mounts[0].name == "b");
    CHECK(s->mounts[1].name == "c");
    CHECK(s->mounts[1].id == 3);
    CHECK(os::is_same(s->mounts[1].who, who));
    REQUIRE(unlink((f / "x.state").c_str()) == 0);
    CHECK_FALSE(append_changes(file.get(), {{1, {}}}, 99));
    CHECK_FALSE(state_from_json(state_to_json(*s) + "{}\n"));
}

TEST_CASE("what is no state is none", "[control]") {
    for (const char* text : {"", "{", "[]", "7", "{\"pid\":1}", "{\"pid\":\"x\",\"start_time\":1}"}) {
        CAPTURE(text);
        CHECK_FALSE(state_from_json(text).has_value());
    }
}

TEST_CASE("a state file is replaced whole, and read back", "[control]") {
    const folder f;
    const std::string path = f / "x.state";
    CHECK_FALSE(read(path).has_value());
    REQUIRE(write_state(path, {{1, 2, 3, ""}, 3, {}, {}}));
    REQUIRE(write_state(path, {{5, 6, 3, ""}, 7, {}, {}}));
    CHECK(read(path)->daemon.pid == 5);
    CHECK(access((path + ".new").c_str(), F_OK) == -1);
    CHECK_FALSE(write_state(f / "none/x.state", {}));
}

TEST_CASE("a state file that somebody else may have written is not believed", "[control]") {
    const folder f;
    const std::string path = f / "x.state";
    REQUIRE(write_state(path, {{1, 2, 3, ""}, 3, {}, {}}));
    chmod(path.c_str(), 0666);
    std::string why;
    CHECK_FALSE(read_state(path, why));
    CHECK_FALSE(why.empty());
}

TEST_CASE("a daemon that has just been killed is waited for", "[control]") {
    const folder f;
    const std::string socket = f / "x.sock";
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const auto lock = os::life_lock::take(life_path(socket));
        if (write(ready[1], "x", 1) == 1) pause();
        _exit(0);
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    REQUIRE(write_state(state_path(socket), {os::identify_process(child), 0, {}, {}}));
    kill(child, SIGKILL);  // it may be seen, and hold its lock, for a while
    CHECK(daemon_is_dead(socket));
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
}

TEST_CASE("a daemon is dead when nothing says that it lives", "[control]") {
    const folder f;
    const std::string socket = f / "x.sock";
    CHECK(daemon_is_dead(socket));
    SECTION("its record names a living process") {
        REQUIRE(write_state(state_path(socket), {os::this_process(), 0, {}, {}}));
        CHECK_FALSE(daemon_is_dead(socket));
    }
    SECTION("the number of its process is somebody else's now") {
        auto other = os::this_process();
        ++other.start_time;
        REQUIRE(write_state(state_path(socket), {other, 0, {}, {}}));
        CHECK(daemon_is_dead(socket));
    }
    SECTION("its process counts in another pid namespace") {
        auto other = os::this_process();
        ++other.pid_namespace;
        REQUIRE(write_state(state_path(socket), {other, 0, {}, {}}));
        CHECK_FALSE(daemon_is_dead(socket));  // who knows
        std::ofstream(life_path(socket)).close();
        CHECK(daemon_is_dead(socket));  // the lock knows
        const auto lock = os::life_lock::take(life_path(socket));
        CHECK_FALSE(daemon_is_dead(socket));
    }
}

TEST_CASE("only what provably was the dead daemon's is removed", "[control]") {
    std::vector<std::string> detached;
    const auto detach = [&](const std::string& dir) {
        detached.push_back(dir);
        return std::string{};
    };
    daemon_state s{{1 << 22, 1, 0, ""}, os::mount_namespace_of(), {}, {}};
    // Somebody's mount of another type; one that was about to be made; our own process as a gate that began at another
    // time.
    s.mounts = {{"/proc", "n", os::identify_mount(AT_FDCWD, "/proc")}, {"/proc", "n", {}}};
    s.gate = os::this_process();
    ++s.gate.start_time;
    const auto done = remove_leftovers(s, detach);
    CHECK(detached.empty());
    CHECK(done.mounts.empty());
    CHECK(done.processes.empty());
    CHECK(done.problems.empty());
}

TEST_CASE("mounts of another namespace that lives on are left, and so is the record", "[control]") {
    constexpr std::uint64_t nobodys = 1;  // no namespace has this number; ours + 1 may be somebody's
    daemon_state s{{1 << 22, 1, 0, ""}, nobodys, {}, {{"/m", "n", {makedev(0, 9), 77, 8, 1}}}};
    const auto detach = [](const std::string&) { return std::string{}; };
    CHECK_FALSE(remove_leftovers(s, detach).record_is_needed);  // nobody lives there
}
