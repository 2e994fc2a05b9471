#include "controller/machine/unmount.hpp"

#include "controller/machine/process.hpp"
#include "controller/machine/program.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::machine {

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

constexpr int answer_in_child = 3;

int make_call(const char* dir, int flags) {
    message m;
    m.started = monotonic_ns();
    m.error = umount2(dir, flags) == 0 ? 0 : errno;
    m.took = monotonic_ns() - m.started;
    return write(answer_in_child, &m, sizeof m) == static_cast<ssize_t>(sizeof m) ? 0 : 1;
}

/// The message of fusermount3 as an errno: it says why in words only, in those of the C locale.
int errno_of(const std::string& said, int status) {
    if (status == 0) return 0;
    if (said.find("Device or resource busy") != std::string::npos) return EBUSY;
    if (said.find("not found in") != std::string::npos || said.find("Invalid argument") != std::string::npos)
        return EINVAL;
    return EPERM;
}

result<unmount_outcome> by_fusermount(const std::string& dir, bool lazy, std::chrono::milliseconds limit) {
    BOOST_OUTCOME_TRY(auto program, find_program("fusermount3"));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("pipe", errno);
    const os::unique_fd listen{ends[0]};
    os::unique_fd speak{ends[1]};
    birth how{.words = {program, lazy ? "-uz" : "-u", "--", dir}};
    how.descriptors = {{speak.get(), 2}};
    how.group = process_group::session;
    unmount_outcome outcome;
    outcome.by_fusermount = true;
    const auto begin = monotonic_ns();
    BOOST_OUTCOME_TRY(auto helper, child::start(how));
    speak.reset();
    const auto status = helper.wait(limit);
    if (!status) {
        outcome.child = helper.pid();
        helper.let_go();
        return outcome;
    }
    char text[1024];
    const auto n = read(listen.get(), text, sizeof text);
    if (n > 0) outcome.said.assign(text, static_cast<std::size_t>(n));
    outcome.error = errno_of(outcome.said, *status);
    outcome.finished = true;
    outcome.started = std::chrono::nanoseconds(begin);
    outcome.took = std::chrono::nanoseconds(monotonic_ns() - begin);
    return outcome;
}

}  // namespace

result<unmount_call> unmount_call::start(const std::string& dir, unmount_kind kind) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("pipe", errno);
    os::unique_fd listen{ends[0]};
    const os::unique_fd speak{ends[1]};
    birth how;
    how.descriptors = {{speak.get(), answer_in_child}};
    how.group = process_group::session;
    BOOST_OUTCOME_TRY(auto caller, child::start(how, [&] { return make_call(dir.c_str(), flags_of(kind)); }));
    return unmount_call{std::move(caller), std::move(listen)};
}

unmount_call::~unmount_call() { process_.let_go(); }

unmount_outcome unmount_call::wait(std::chrono::milliseconds limit) {
    unmount_outcome outcome;
    outcome.child = process_.pid();
    message m;
    if (!readable_within(fd(), limit)) return outcome;  // still in the call
    outcome.finished = true;
    outcome.child = -1;
    const bool told = read(fd(), &m, sizeof m) == static_cast<ssize_t>(sizeof m);
    outcome.error = told ? m.error : EIO;  // it was killed
    outcome.started = std::chrono::nanoseconds(m.started);
    outcome.took = std::chrono::nanoseconds(m.took);
    process_.wait(std::chrono::seconds(5));
    return outcome;
}

result<unmount_outcome> unmount(const std::string& dir, unmount_kind kind, std::chrono::milliseconds limit) {
    BOOST_OUTCOME_TRY(auto call, unmount_call::start(dir, kind));
    const auto outcome = call.wait(limit);
    if (!outcome.finished || outcome.error != EPERM || kind == unmount_kind::force) return outcome;
    auto second = by_fusermount(dir, kind == unmount_kind::lazy, limit);
    if (!second && second.error().code == "no_program") return outcome;
    return second;
}

}  // namespace drainlab::machine
