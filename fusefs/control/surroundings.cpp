#include "fusefs/control/surroundings.hpp"

#include <sys/prctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

namespace drainlab::control {
namespace {

void set_signals() noexcept {
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction now {};
        if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN)
            signal(number, SIG_DFL);  // inherited; SIGCHLD ignored would hide how children end
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Less than what others get is for batch jobs: mounts are waited for. More than that stays.
void set_place() noexcept {
    const int policy = sched_getscheduler(0);
    const sched_param ordinary{};
    if (policy == SCHED_BATCH || policy == SCHED_IDLE) sched_setscheduler(0, SCHED_OTHER, &ordinary);
    if (getpriority(PRIO_PROCESS, 0) > 0) setpriority(PRIO_PROCESS, 0, 0);
}

void set_oom_score() noexcept {
    const int file = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    char text[16]{};
    if (read(file, text, sizeof text - 1) > 0 && std::atoi(text) > 0) [[maybe_unused]]
        const auto done = pwrite(file, "0", 1, 0);
    close(file);
}

rlimit lift(int resource) noexcept {
    rlimit now{};
    if (getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0) return {RLIM_INFINITY, RLIM_INFINITY};
    for (const bool privileged : {true, false}) {
        const auto wanted = without_limit(now, privileged);
        if (setrlimit(static_cast<__rlimit_resource>(resource), &wanted) == 0) return wanted;
    }
    return now;
}

void lift_descriptors() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

rlimit without_limit(rlimit inherited, bool privileged) noexcept {
    const rlim_t most = privileged ? RLIM_INFINITY : inherited.rlim_max;
    return {most, most};
}

std::optional<std::string> tell_limit(int resource, const rlimit& left) {
    if (left.rlim_cur == RLIM_INFINITY) return std::nullopt;
    const auto value = std::to_string(left.rlim_cur);
    if (resource == RLIMIT_FSIZE)
        return "files in a store end at " + value +
               " bytes: writers beyond get EFBIG (`ulimit -f` where the daemon was started)";
    return "the daemon is killed after " + value + " s of CPU time (`ulimit -t` where it was started)";
}

std::vector<std::string> leave_surroundings() {
    set_signals();
    set_place();
    set_oom_score();
    umask(0);
    lift_descriptors();
    prctl(PR_SET_TIMERSLACK, 1);  // probes of the gate are tens of microseconds apart
    std::vector<std::string> left;
    for (const int resource : {RLIMIT_FSIZE, RLIMIT_CPU})
        if (auto said = tell_limit(resource, lift(resource))) left.push_back(*std::move(said));
    return left;
}

}  // namespace drainlab::control
