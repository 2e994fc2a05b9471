#include "controller/machine/child.hpp"

#include "controller/machine/become.hpp"
#include "controller/machine/process.hpp"
#include "controller/machine/signals.hpp"
#include "fusefs/os/leave.hpp"

#include <fmt/format.h>

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <unistd.h>
#include <utility>

namespace drainlab::machine {

namespace {

// With our memory shared nothing is copied, as in posix_spawn(3); the sanitizers cannot see through that.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int shared_memory = 0;
#else
constexpr int shared_memory = CLONE_VM;
#endif

/// No signal of ours is handled between a child's birth and its first steps.
class all_blocked {
  public:
    all_blocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~all_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    all_blocked(const all_blocked&) = delete;
    all_blocked& operator=(const all_blocked&) = delete;

  private:
    sigset_t before_;
};

int become_program(void* argument) {
    auto& self = *static_cast<becoming*>(argument);
    int error = self.settle();
    if (error == 0) error = self.run();
    self.fail(error);
}

/// The intermediate ends at once, so that the program has no parent of ours, and is no leader of its session.
int become_orphan(void* argument) {
    setsid();
    const pid_t second = _Fork();
    if (second != 0) _exit(second < 0 ? 127 : 0);
    return become_program(argument);
}

struct newborn {
    pid_t pid{-1};
    os::unique_fd pidfd;
    int error{};  ///< of its birth, or of its becoming a program
};

newborn bear(int (*first_steps)(void*), const birth& how, int memory) {
    newborn born;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return {-1, {}, errno};
    const os::unique_fd listen{ends[0]};
    os::unique_fd speak{ends[1]};
    becoming self{how, speak.get()};
    constexpr std::size_t stack_size = 256 * 1024;
    const auto stack = std::make_unique_for_overwrite<char[]>(stack_size);
    int pidfd = -1;
    {
        const all_blocked quiet;
        see_children_end();
        born.pid =
            clone(first_steps, stack.get() + stack_size, memory | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &self, &pidfd);
        if (born.pid < 0) return {-1, {}, errno};
    }
    born.pidfd.reset(pidfd);
    speak.reset();
    ssize_t got;
    while ((got = read(listen.get(), &born.error, sizeof born.error)) < 0 && errno == EINTR) {}
    if (got != static_cast<ssize_t>(sizeof born.error)) born.error = 0;
    return born;
}

failure cannot_start(const std::string& program, int error) {
    const std::string message = fmt::format("cannot run {}: {}", program, std::strerror(error));
    if (error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE)
        return {"cannot_start", message, "a limit is too low (ulimit -a, pids.max)", exit_code::cannot_run, 0};
    if (access("/dev/null", R_OK | W_OK) != 0)  // a program's standard streams, before it is one
        return {"cannot_start", fmt::format("cannot run {}: /dev/null: {}", program, std::strerror(errno)),
                "mount -t devtmpfs none /dev", exit_code::cannot_run, 0};
    const bool missing = error == ENOENT || error == ENOTDIR;
    return {missing ? "no_program" : "cannot_start", message, {}, static_cast<exit_code>(missing ? 127 : 126), 0};
}

/// A copy of us, with its pidfd; straight into a cgroup if one is given.
newborn copy(int cgroup) {
    newborn born;
    if (cgroup < 0) {
        born.pid = fork();
        if (born.pid > 0)  // ours alone to reap: still that process
            born.pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, born.pid, 0)));
        if (born.pid < 0 || (born.pid > 0 && !born.pidfd)) born.error = errno;
        return born;
    }
    int pidfd = -1;
    clone_args args{};
    args.flags = CLONE_PIDFD | CLONE_INTO_CGROUP;
    args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    args.exit_signal = SIGCHLD;
    args.cgroup = static_cast<std::uint64_t>(cgroup);
    born.pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
    if (born.pid < 0) born.error = errno;
    if (born.pid > 0) born.pidfd.reset(pidfd);
    return born;
}

void reap(int pidfd) {
    siginfo_t info{};
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED) != 0 && errno == EINTR) {}
}

}  // namespace

result<child> child::start(const birth& how) {
    if (how.words.empty()) return usage_error("no program to run");
    auto born = bear(become_program, how, shared_memory);
    if (born.error != 0 && born.pidfd) reap(born.pidfd.get());
    if (born.error != 0) return cannot_start(how.words[0], born.error);
    child c;
    c.pid_ = born.pid;
    c.pidfd_ = std::move(born.pidfd);
    return c;
}

result<void> child::start_orphan(const birth& how) {
    if (how.words.empty()) return usage_error("no program to run");
    birth alone = how;
    alone.group = process_group::ours;  // the intermediate has made the session
    const auto born = bear(become_orphan, alone, 0);
    if (born.pidfd) reap(born.pidfd.get());
    if (born.error != 0) return cannot_start(how.words[0], born.error);
    return success();
}

result<child> child::start(const birth& how, const std::function<int()>& body) {
    becoming self{how, -1};
    child c;
    const all_blocked quiet;
    see_children_end();
    auto born = copy(how.cgroup);
    if (born.pid == 0) os::leave(self.settle() == 0 ? body() : 127);
    c.pid_ = born.pid;
    c.pidfd_ = std::move(born.pidfd);
    if (born.error == 0) return c;
    if (born.pid < 0) return system_failure("cannot start a process", born.error, exit_code::cannot_run);
    kill(c.pid_, SIGKILL);  // likewise
    waitpid(c.pid_, nullptr, 0);
    return system_failure("cannot watch a child process (pidfd_open)", born.error, exit_code::cannot_run);
}

child::child(child&& other) noexcept { *this = std::move(other); }

child& child::operator=(child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(pidfd_, other.pidfd_);
    std::swap(status_, other.status_);
    return *this;
}

child::~child() {
    if (!pidfd_ || status_) return;
    send(SIGKILL);
    wait(std::chrono::milliseconds(2'000));
}

bool child::send(int signal) noexcept {
    if (!pidfd_ || status_) return false;
    return syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) == 0;
}

std::optional<int> child::wait(std::chrono::milliseconds limit) {
    if (status_ || !pidfd_ || !ends_within(pidfd_.get(), limit)) return status_;
    siginfo_t info{};
    int got;
    while ((got = waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED)) != 0 && errno == EINTR) {}
    if (got != 0)
        status_ = 255 << 8;  // reaped by somebody who should not have
    else
        status_ =
            info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
    return status_;
}

void child::let_go() noexcept { pidfd_.reset(); }

result<lifeline> lifeline::make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("pipe", errno);
    return lifeline{os::unique_fd{ends[1]}, os::unique_fd{ends[0]}};
}

}  // namespace drainlab::machine
