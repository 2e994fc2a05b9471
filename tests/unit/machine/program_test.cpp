#include "controller/machine/program.hpp"

#include "controller/machine/unmount.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <csignal>

using namespace drainlab::machine;
using namespace std::chrono_literals;

TEST_CASE("a program is run to its end: its status, and what it printed on both streams", "[program]") {
    const auto end = run_program({"sh", "-c", "echo out; echo err >&2; echo $LC_ALL; read x; exit 7"});
    REQUIRE(end);
    CHECK(end.value().status == 7);
    CHECK(end.value().output == "out\nerr\nC\n");
    CHECK(run_program({"sh", "-c", "kill -9 $$"}).value().status == 137);
}

TEST_CASE("a program that is not there cannot run here", "[program]") {
    CHECK(run_program({"/nonexistent/program"}).error().exit == exit_code::cannot_run);
    CHECK(find_program("drainlab-no-such-program").error().exit == exit_code::cannot_run);
    CHECK(find_program("sh").value().ends_with("/sh"));
}

TEST_CASE("an unmount by a child tells the errno of the call", "[unmount]") {
    auto call = unmount_call::start("/nonexistent/mount", unmount_kind::plain);
    REQUIRE(call);
    const auto done = call.value().wait(20s);
    CHECK(done.finished);
    // What has no right to umount2(2) is not told that there is nothing.
    CHECK((done.error == ENOENT || done.error == EPERM));
    CHECK(done.child == -1);
}
