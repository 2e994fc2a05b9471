// What our caller did with signals, and what of it we keep.
#include "controller/machine/signals.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>

using namespace drainlab::machine;

namespace {

/// Puts a signal's action back at the end.
struct restored {
    explicit restored(int s) : number{s} { sigaction(number, nullptr, &before); }
    ~restored() { sigaction(number, &before, nullptr); }
    int number;
    struct sigaction before {};
};

int flags_of(int number) {
    struct sigaction now {};
    sigaction(number, nullptr, &now);
    return now.sa_flags;
}

}  // namespace

TEST_CASE("a signal that our caller ignored ends nothing", "[signals]") {
    const restored hup{SIGHUP}, term{SIGTERM};
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    CHECK(is_ignored(SIGHUP));
    CHECK_FALSE(is_ignored(SIGTERM));
    const auto all = ending_signals();
    CHECK(std::count(all.begin(), all.end(), SIGHUP) == 0);
    CHECK(std::count(all.begin(), all.end(), SIGTERM) == 1);
}

TEST_CASE("however it was left to us, the end of a child can be seen", "[signals]") {
    const restored chld{SIGCHLD};
    struct sigaction inherited {};
    SECTION("ignored") { inherited.sa_handler = SIG_IGN; }
    SECTION("reaped by itself") {
        inherited.sa_handler = SIG_DFL;
        inherited.sa_flags = SA_NOCLDWAIT;
    }
    SECTION("as it should be") { inherited.sa_handler = SIG_DFL; }
    sigaction(SIGCHLD, &inherited, nullptr);
    see_children_end();
    CHECK_FALSE(is_ignored(SIGCHLD));
    CHECK((flags_of(SIGCHLD) & SA_NOCLDWAIT) == 0);
}

TEST_CASE("a handler of somebody's for the end of children stays", "[signals]") {
    const restored chld{SIGCHLD};
    struct sigaction own {};
    own.sa_handler = [](int) {};
    own.sa_flags = SA_NOCLDWAIT;
    sigaction(SIGCHLD, &own, nullptr);
    see_children_end();
    struct sigaction now {};
    sigaction(SIGCHLD, nullptr, &now);
    CHECK(now.sa_handler == own.sa_handler);
    CHECK((now.sa_flags & SA_NOCLDWAIT) == 0);
}
