#include "controller/machine/child.hpp"

#include "controller/machine/process.hpp"
#include "controller/machine/signals.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <iterator>
#include <sstream>
#include <string>
#include <unistd.h>

using namespace drainlab;
using namespace drainlab::machine;
using namespace std::chrono_literals;

namespace {

/// What a program prints.
std::string output_of(birth how) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    os::unique_fd from{ends[0]}, to{ends[1]};
    how.descriptors.push_back({to.get(), 1});
    auto started = child::start(how);
    REQUIRE(started);
    to.reset();
    std::string text;
    char part[512];
    for (ssize_t n; (n = read(from.get(), part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(n));
    REQUIRE(started.value().wait(20s));
    return text;
}

std::string shell(const std::string& script, birth how = {}) {
    how.words = {"sh", "-c", script};
    return output_of(how);
}

/// A disposition of ours for a while.
struct disposition {
    int signal;
    struct sigaction before {};
    disposition(int s, void (*what)(int)) : signal{s} {
        struct sigaction act {};
        act.sa_handler = what;
        sigaction(s, &act, &before);
    }
    ~disposition() { sigaction(signal, &before, nullptr); }
};

/// The mask of ignored signals that a child sees.
unsigned long ignored_in_child() { return std::stoul(shell("grep SigIgn /proc/self/status | cut -f2"), nullptr, 16); }
unsigned long bit(int signal) { return 1ul << (signal - 1); }

}  // namespace

TEST_CASE("a child's end is told, whatever our caller did with SIGCHLD", "[child]") {
    for (auto what : {SIG_DFL, SIG_IGN}) {
        const disposition d{SIGCHLD, what};
        CAPTURE(what == SIG_IGN);
        auto c = child::start({.words = {"sh", "-c", "exit 7"}});
        REQUIRE(c);
        CHECK(shell_status(c.value().wait(20s).value()) == 7);
        CHECK(shell_status(c.value().wait(0s).value()) == 7);  // remembered
        auto copy = child::start(birth{}, [] { return 9; });
        REQUIRE(copy);
        CHECK(shell_status(copy.value().wait(20s).value()) == 9);
    }
}

TEST_CASE("waiting for a child has a limit, and a signal meets only it", "[child]") {
    auto life = lifeline::make();
    REQUIRE(life);
    auto c = child::start({.words = {"cat"}, .descriptors = {{life.value().theirs.get(), 0}}});
    REQUIRE(c);
    CHECK_FALSE(c.value().wait(1ms));
    CHECK(c.value().send(SIGTERM));
    CHECK(shell_status(c.value().wait(20s).value()) == 143);
    CHECK_FALSE(c.value().send(SIGTERM));
}

TEST_CASE("a lifeline ends with us", "[child]") {
    auto life = lifeline::make();
    REQUIRE(life);
    auto c = child::start({.words = {"cat"}, .descriptors = {{life.value().theirs.get(), 0}}});
    REQUIRE(c);
    life.value().theirs.reset();
    life.value().ours.reset();
    CHECK(shell_status(c.value().wait(20s).value()) == 0);
}

TEST_CASE("a program that cannot be run is told as a shell tells it", "[child]") {
    const auto missing = child::start({.words = {"/nonexistent/program"}});
    REQUIRE_FALSE(missing);
    CHECK(static_cast<int>(missing.error().exit) == 127);
    const auto folder = child::start({.words = {"/"}});
    REQUIRE_FALSE(folder);
    CHECK(static_cast<int>(folder.error().exit) == 126);
    CHECK_FALSE(child::start_orphan({.words = {"/nonexistent/program"}}));
    CHECK(waitpid(-1, nullptr, WNOHANG) == -1);  // none is left unreaped
}

TEST_CASE("a child has no descriptor but those it was given", "[child]") {
    const os::unique_fd ours{open("/dev/null", O_RDWR)}, high{fcntl(ours.get(), F_DUPFD, 200)};  // not close-on-exec
    REQUIRE(high.get() >= 200);
    birth how;
    how.descriptors = {{high.get(), 5}, {ours.get(), 4}};
    const std::string list = shell("ls /proc/$$/fd; :", how);
    std::istringstream words{list};
    std::vector<int> seen{std::istream_iterator<int>{words}, {}};
    std::sort(seen.begin(), seen.end());
    CHECK((seen == std::vector<int>{0, 1, 2, 4, 5}));
    // Crossed over: each number is what it was said to be.
    const os::unique_fd zero{open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    birth crossed;
    crossed.descriptors = {{zero.get(), ours.get()}, {ours.get(), zero.get()}};
    const auto link = [](int fd) { return "readlink /proc/self/fd/" + std::to_string(fd) + ";"; };
    CHECK(shell(link(ours.get()) + link(zero.get()), crossed) == "/dev/zero\n/dev/null\n");
    // A copy of us too.
    auto copy = child::start(birth{}, [&] { return fcntl(high.get(), F_GETFD) < 0 ? 0 : 1; });
    REQUIRE(copy);
    CHECK(shell_status(copy.value().wait(20s).value()) == 0);
    // A command of the user's own keeps what our caller gave it, but nothing of ours.
    birth users;
    users.keep_callers_descriptors = true;
    CHECK(shell("test -e /proc/$$/fd/" + std::to_string(high.get()) + " && test ! -e /proc/$$/fd/" +
                    std::to_string(zero.get()) + " && echo fine",
                users) == "fine\n");
}

TEST_CASE("a child's signals have their default action, but an ignored SIGHUP", "[child]") {
    const disposition term{SIGTERM, SIG_IGN}, pipe{SIGPIPE, SIG_IGN}, usr{SIGUSR1, [](int) {}};
    CHECK((ignored_in_child() & (bit(SIGTERM) | bit(SIGPIPE) | bit(SIGHUP))) == 0);
    const disposition hup{SIGHUP, SIG_IGN};
    CHECK((ignored_in_child() & (bit(SIGTERM) | bit(SIGPIPE) | bit(SIGHUP))) == bit(SIGHUP));
    CHECK(ending_signals() == std::vector<int>{SIGINT});
    sigset_t blocked, before;
    sigfillset(&blocked);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    CHECK(std::stoul(shell("grep SigBlk /proc/self/status | cut -f2"), nullptr, 16) == 0);
    sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("a program speaks plain words whatever our locale is", "[child]") {
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    setenv("LANGUAGE", "de", 1);
    CHECK(shell("echo $LC_ALL:$LANGUAGE") == "C:\n");
    birth users;
    users.environment = own_environment();
    CHECK(shell("echo $LC_ALL:$LANGUAGE", users) == "de_DE.UTF-8:de\n");
    unsetenv("LC_ALL");
    unsetenv("LANGUAGE");
}

TEST_CASE("a child dies with us when that was asked for", "[child]") {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const os::unique_fd from{ends[0]};
    os::unique_fd to{ends[1]};
    birth how{.words = {"sh", "-c", "echo x; exec sleep 1000"}};
    how.descriptors = {{to.get(), 1}};
    how.dies_with_us = true;
    birth middle;
    middle.descriptors = {{to.get(), to.get()}};
    auto parent = child::start(middle, [&] {
        const auto grandchild = child::start(how);
        pause();
        return 0;
    });
    REQUIRE(parent);
    to.reset();
    char c[8];
    REQUIRE(read(from.get(), c, sizeof c) == 2);  // the grandchild runs
    parent.value().send(SIGKILL);
    CHECK(read(from.get(), c, sizeof c) == 0);  // both have gone
}

TEST_CASE("an orphan is nobody's child and belongs to no terminal", "[child]") {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const os::unique_fd from{ends[0]};
    os::unique_fd to{ends[1]};
    birth how{.words = {"sh", "-c", "read -r pid comm state ppid pgrp sid rest < /proc/$$/stat; echo $pid $sid"}};
    how.descriptors = {{to.get(), 1}};
    REQUIRE(child::start_orphan(how));
    to.reset();
    std::string text;
    char part[64];
    for (ssize_t n; (n = read(from.get(), part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(n));
    std::istringstream words{text};
    pid_t pid = 0, session = 0;
    words >> pid >> session;
    CHECK(pid > 0);
    CHECK(session != pid);
    CHECK(session != getsid(0));
    CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
}
