#include "fusefs/control/state_file.hpp"

#include <catch2/catch.hpp>

#include <sys/sysmacros.h>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace drainlab::control;

TEST_CASE("the state file lies beside the socket", "[control]") {
    CHECK(state_path("/run/x/1.sock") == "/run/x/1.state");
    CHECK(state_path("/run/x/plain") == "/run/x/plain.state");
    CHECK(state_path(".sock") == ".sock.state");
}

TEST_CASE("state goes through JSON", "[control]") {
    const daemon_state s{17, 4711, 99, 0, {{"/a \"b\"", "n", makedev(0, 45)}, {"/c", "m"}}};
    const auto back = state_from_json(state_to_json(s));
    REQUIRE(back.has_value());
    CHECK(back->pid == 17);
    CHECK(back->start_time == 4711);
    CHECK(back->mount_namespace == 99);
    CHECK(back->gate_pid == 0);
    REQUIRE(back->mounts.size() == 2);
    CHECK(back->mounts[0].dir == "/a \"b\"");
    CHECK(back->mounts[0].dev == makedev(0, 45));
    CHECK_FALSE(back->mounts[1].dev.has_value());
    CHECK_FALSE(state_from_json("{").has_value());
    CHECK_FALSE(state_from_json("{\"pid\":1}").has_value());
}

TEST_CASE("a state file is replaced whole, and read back", "[control]") {
    char dir[] = "/tmp/drainlab-state-XXXXXX";
    REQUIRE(mkdtemp(dir));
    const std::string path = std::string{dir} + "/x.state";
    CHECK_FALSE(read_state(path).has_value());
    REQUIRE(write_state(path, {1, 2, 3, 4, {}}));
    REQUIRE(write_state(path, {5, 6, 7, 8, {}}));
    CHECK(read_state(path)->pid == 5);
    CHECK(access((path + ".new").c_str(), F_OK) == -1);
    unlink(path.c_str());
    rmdir(dir);
    CHECK_FALSE(write_state(path, {}));
}

TEST_CASE("a living process is told from one whose pid was reused", "[control]") {
    const auto start = process_start_time(getpid());
    CHECK(start > 0);
    CHECK(process_is_alive(getpid(), start));
    CHECK_FALSE(process_is_alive(getpid(), start + 1));
    CHECK_FALSE(process_is_alive(0, start));
    CHECK(clean_up_after({getpid(), start, 0, 0, {{"/", "n"}}}).empty());  // alive: nothing is touched
}
