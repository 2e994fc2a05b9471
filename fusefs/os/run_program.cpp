#include "fusefs/os/run_program.hpp"

#include "fusefs/os/unique_fd.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

extern char** environ;

namespace drainlab::os {

namespace {

using steady = std::chrono::steady_clock;
constexpr std::size_t most_said = 4096;
constexpr auto to_die = std::chrono::seconds{1};

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> all;
    for (const auto& w : words) all.push_back(const_cast<char*>(w.c_str()));
    return all;
}

int spawn(const program_run& run, int standard_error, pid_t& child) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, standard_error, 2);
    if (run.output >= 0) posix_spawn_file_actions_adddup2(&actions, run.output, 1);
    if (run.descriptor >= 0) posix_spawn_file_actions_adddup2(&actions, run.descriptor, 3);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    auto arguments = pointers(run.words), environment = pointers(run.environment);
    for (char** e = environ; *e; ++e) environment.push_back(*e);
    arguments.push_back(nullptr);
    environment.push_back(nullptr);
    const int error = posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/// What there is to read now. False at the end.
bool listen(int fd, std::string& said) {
    char part[512];
    for (;;) {
        const ssize_t n = ::read(fd, part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 && errno == EAGAIN;
        said.append(part, std::min(static_cast<std::size_t>(n), most_said - said.size()));
    }
}

/// Whether it has ended by then. What it says is read meanwhile.
bool ends_by(steady::time_point until, int process, int speaks, std::string& said) {
    for (bool open = true;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
        pollfd both[] = {{process, POLLIN, 0}, {open ? speaks : -1, POLLIN, 0}};
        const int got = ::poll(both, 2, static_cast<int>(std::max<long>(left, 0)));
        if (got > 0 && both[1].revents != 0) open = listen(speaks, said);
        if (got > 0 && both[0].revents != 0) return listen(speaks, said), true;
        if (got == 0 && left <= 0) return false;
    }
}

}  // namespace

program_end run_program(const program_run& run) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {.error = errno};
    const unique_fd hear{ends[0]};
    unique_fd speak{ends[1]};
    ::fcntl(hear.get(), F_SETFL, O_NONBLOCK);
    pid_t child = -1;
    if (const int error = spawn(run, speak.get(), child)) return {.error = error};
    speak.reset();
    program_end end;
    const unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
    const int no_process = process ? 0 : errno;
    const bool over = process && ends_by(steady::now() + run.limit, process.get(), hear.get(), end.said);
    if (!over) {
        end.error = process ? ETIMEDOUT : no_process;
        ::kill(-child, SIGKILL);
        if (process) ends_by(steady::now() + to_die, process.get(), hear.get(), end.said);
    }
    while (::waitpid(child, &end.status, over ? 0 : WNOHANG) < 0 && errno == EINTR) {}
    while (!end.said.empty() && end.said.back() == '\n') end.said.pop_back();
    return end;
}

}  // namespace drainlab::os
