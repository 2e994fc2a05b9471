#include "controller/client/unmount.hpp"

#include "controller/client/launch.hpp"
#include "controller/client/process.hpp"

#include <fmt/format.h>

#include <sys/mount.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace drainlab::client {

namespace {

std::int64_t monotonic_ns() noexcept {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

/// What the child sends through its pipe.
struct message {
    int error = 0;
    std::int64_t started = 0, took = 0;
};

int flags_of(unmount_kind kind) noexcept {
    if (kind == unmount_kind::lazy) return UMOUNT_NOFOLLOW | MNT_DETACH;
    if (kind == unmount_kind::force) return UMOUNT_NOFOLLOW | MNT_FORCE;
    return UMOUNT_NOFOLLOW;
}

[[noreturn]] void make_call(const char* dir, int flags, int answer) {
    setsid();
    dup2(answer, 3);
    for (int fd = 0; fd < 3; ++fd) dup2(open("/dev/null", O_RDWR), fd);
    close_range(4, ~0U, 0);
    message m;
    m.started = monotonic_ns();
    m.error = umount2(dir, flags) == 0 ? 0 : errno;
    m.took = monotonic_ns() - m.started;
    [[maybe_unused]] const auto n = write(3, &m, sizeof m);
    _exit(0);
}

/// Whether something can be read from `fd` within `limit`.
bool readable(int fd, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
        pollfd p{fd, POLLIN, 0};
        const int n = poll(&p, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000)));
        if (n > 0) return true;
        if (n == 0 && left <= 0) return false;
    }
}

result<unmount_outcome> by_syscall(const std::string& dir, unmount_kind kind, std::chrono::milliseconds limit) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("pipe", errno);
    const pid_t child = fork();
    if (child < 0) {
        const int error = errno;
        close(ends[0]);
        close(ends[1]);
        return system_failure("fork", error);
    }
    if (child == 0) make_call(dir.c_str(), flags_of(kind), ends[1]);
    close(ends[1]);
    unmount_outcome outcome;
    outcome.child = child;
    message m;
    const bool told = readable(ends[0], limit) && read(ends[0], &m, sizeof m) == static_cast<ssize_t>(sizeof m);
    close(ends[0]);
    if (!told) return outcome;  // still in the call
    wait_child(child, std::chrono::seconds(5));
    outcome.child = -1;
    outcome.finished = true;
    outcome.error = m.error;
    outcome.started = std::chrono::nanoseconds(m.started);
    outcome.took = std::chrono::nanoseconds(m.took);
    return outcome;
}

/// The message of fusermount3 as an errno: it says why in words only.
int errno_of(const std::string& said, int status) {
    if (status == 0) return 0;
    if (said.find(std::strerror(EBUSY)) != std::string::npos) return EBUSY;
    if (said.find("not found in") != std::string::npos || said.find(std::strerror(EINVAL)) != std::string::npos)
        return EINVAL;
    return EPERM;
}

result<unmount_outcome> by_fusermount(const std::string& dir, bool lazy, std::chrono::milliseconds limit) {
    BOOST_OUTCOME_TRY(auto program, find_program("fusermount3"));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("pipe", errno);
    const auto begin = monotonic_ns();
    const pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return system_failure("fork", EAGAIN);
    }
    if (child == 0) {
        setsid();
        dup2(ends[1], 2);
        for (int fd = 0; fd < 2; ++fd) dup2(open("/dev/null", O_RDWR), fd);
        execl(program.c_str(), program.c_str(), lazy ? "-uz" : "-u", "--", dir.c_str(), nullptr);
        _exit(127);
    }
    close(ends[1]);
    unmount_outcome outcome;
    outcome.by_fusermount = true;
    outcome.child = child;
    const auto status = wait_child(child, limit);
    if (status) {
        char text[1024];
        const auto n = read(ends[0], text, sizeof text);
        if (n > 0) outcome.said.assign(text, static_cast<std::size_t>(n));
        outcome.error = errno_of(outcome.said, *status);
        outcome.finished = true;
        outcome.child = -1;
        outcome.started = std::chrono::nanoseconds(begin);
        outcome.took = std::chrono::nanoseconds(monotonic_ns() - begin);
    }
    close(ends[0]);
    return outcome;
}

}  // namespace

result<unmount_outcome> unmount(const std::string& dir, unmount_kind kind, std::chrono::milliseconds limit) {
    BOOST_OUTCOME_TRY(auto outcome, by_syscall(dir, kind, limit));
    if (!outcome.finished || outcome.error != EPERM || kind == unmount_kind::force) return outcome;
    auto second = by_fusermount(dir, kind == unmount_kind::lazy, limit);
    if (!second && second.error().code == "no_program") return outcome;
    return second;
}

}  // namespace drainlab::client
