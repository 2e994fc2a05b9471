#include "controller/hold/wait.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <ctime>

namespace drainlab::hold {

using namespace std::chrono_literals;

namespace {

timespec timespec_of(std::chrono::nanoseconds d) {
    return {static_cast<time_t>(d.count() / 1'000'000'000), static_cast<long>(d.count() % 1'000'000'000)};
}

}  // namespace

bool wait_for_child(pid_t child, std::chrono::nanoseconds length, pid_t other) {
    const auto end = std::chrono::steady_clock::now() + length;
    sigset_t some, before;
    sigemptyset(&some);
    for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&some, s);
    sigprocmask(SIG_BLOCK, &some, &before);
    bool gone = false;
    for (;;) {
        siginfo_t info{};
        gone = waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
        if (other > 0 && kill(other, 0) != 0) gone = true;
        const auto left = end - std::chrono::steady_clock::now();
        if (gone || left <= 0ns) break;
        // The end of somebody else's child is no SIGCHLD of ours: look now and then.
        const auto pause = timespec_of(std::min<std::chrono::nanoseconds>(left, other > 0 ? 50ms : 1h));
        const int s = sigtimedwait(&some, nullptr, &pause);
        if (s > 0 && s != SIGCHLD) break;
    }
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return gone;
}

}  // namespace drainlab::hold
