#include "fusefs/gate/daemon_state.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

using namespace drainlab::gate;
using namespace std::chrono_literals;

TEST_CASE("what a silent loop does is told from its state, its place and its CPU time", "[gate]") {
    CHECK(state_of_loop({'S', "ep_poll", 5}, 5) == loop_state::idle);
    CHECK(state_of_loop({'S', "0", 5}, 5) == loop_state::idle);
    CHECK(state_of_loop({'R', "0", 5}, 5) == loop_state::busy);
    CHECK(state_of_loop({'S', "ep_poll", 6}, 5) == loop_state::busy);
    CHECK(state_of_loop({'D', "0", 5}, 5) == loop_state::in_call);
    CHECK(state_of_loop({'D', "percpu_rwsem_wait", 5}, 5) == loop_state::in_call);
    CHECK(state_of_loop({'D', "request_wait_answer", 5}, 5) == loop_state::in_fuse);
    for (const char letter : {'T', 't'}) CHECK(state_of_loop({letter, "do_signal_stop", 6}, 5) == loop_state::stopped);
    CHECK(state_of_loop({'S', "do_freezer_trap", 5}, 5) == loop_state::stopped);
    CHECK(state_of_loop({'D', "__refrigerator", 5}, 5) == loop_state::stopped);
}

TEST_CASE("no state has patience beyond the longest drain, and a lost loop has least", "[gate]") {
    for (const auto s : {loop_state::busy, loop_state::in_call, loop_state::in_fuse, loop_state::stopped}) {
        CHECK(patience(s) > patience(loop_state::idle));
        CHECK(patience(s) <= 60s);
    }
}

TEST_CASE("a stopped process is seen as one", "[gate]") {
    const pid_t pid = fork();
    if (pid == 0) {
        for (;;) pause();
    }
    kill(pid, SIGSTOP);
    int status = 0;
    REQUIRE(waitpid(pid, &status, WUNTRACED) == pid);
    loop_look look;
    char place[128];
    REQUIRE(look_at_loop(pid, look, place));
    CHECK(state_of_loop(look, look.cpu) == loop_state::stopped);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    CHECK_FALSE(look_at_loop(pid, look, place));
}
