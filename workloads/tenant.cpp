#include "workloads/tenant.hpp"

#include "fusefs/os/process_identity.hpp"
#include "fusefs/os/whole_program.hpp"

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::workloads {
namespace {

[[noreturn]] void give_up(const std::string& what) {
    const int error = errno;
    std::fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(error));
    std::exit(os::say_lack(error));
}

/// fork() with a pidfd, straight into the cgroup behind `cgroup_fd` unless that is -1.
pid_t fork_into(int cgroup_fd, int& pidfd) {
    clone_args args{};
    args.flags = CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0);
    args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    args.exit_signal = SIGCHLD;
    args.cgroup = static_cast<std::uint64_t>(cgroup_fd >= 0 ? cgroup_fd : 0);
    return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
}

[[noreturn]] void live(const std::function<int()>& body, bool session, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(5);  // it died before we could ask
    if (session) setsid();
    _exit(body());
}

}  // namespace

tenant::tenant(const housing& where, unsigned number, const std::function<int()>& body) {
    int cgroup_fd = -1;
    if (!where.cgroup_root.empty()) {
        cgroup_ = where.cgroup_root + "/drainlab-" + os::to_word(os::this_process()) + "-" + std::to_string(number);
        if (mkdir(cgroup_.c_str(), 0755) != 0) give_up("mkdir " + cgroup_);
        cgroup_fd = open(cgroup_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (cgroup_fd < 0) {
            const int error = errno;
            rmdir(cgroup_.c_str());
            errno = error;
            give_up("open " + cgroup_);
        }
    }
    const pid_t parent = getpid();
    const pid_t pid = fork_into(cgroup_fd, pidfd_);
    if (pid == 0) live(body, cgroup_.empty(), parent);
    const int error = errno;
    if (cgroup_fd >= 0) close(cgroup_fd);
    if (pid < 0) {
        if (!cgroup_.empty()) rmdir(cgroup_.c_str());
        errno = error;
        give_up("clone3 into " + (cgroup_.empty() ? std::string{"a session"} : cgroup_));
    }
    running_ = true;
}

void tenant::kill() const noexcept {
    if (running_) syscall(SYS_pidfd_send_signal, pidfd_, SIGKILL, nullptr, 0);
}

int tenant::join() {
    siginfo_t info{};
    while (running_ && waitid(P_PIDFD, static_cast<id_t>(pidfd_), &info, WEXITED) != 0 && errno == EINTR) {}
    running_ = false;
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

bool tenant::evict() {
    // The last task leaves its cgroup a moment after it can be waited for.
    for (int attempt = 0; !cgroup_.empty() && rmdir(cgroup_.c_str()) != 0; ++attempt) {
        if (errno == ENOENT) break;
        if (errno != EBUSY || attempt == 200) return false;
        usleep(1000);
    }
    cgroup_.clear();
    return true;
}

tenant::~tenant() {
    kill();
    if (running_) join();
    evict();
    if (pidfd_ >= 0) close(pidfd_);
}

}  // namespace drainlab::workloads
