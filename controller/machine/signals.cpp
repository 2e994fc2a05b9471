#include "controller/machine/signals.hpp"

#include <csignal>

namespace drainlab::machine {

bool is_ignored(int signal) noexcept {
    struct sigaction now {};
    return sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_IGN;
}

std::vector<int> ending_signals() {
    std::vector<int> all;
    for (const int s : {SIGINT, SIGTERM, SIGHUP})
        if (!is_ignored(s)) all.push_back(s);
    return all;
}

void see_children_end() noexcept {
    struct sigaction now {};
    if (sigaction(SIGCHLD, nullptr, &now) != 0) return;
    if (!is_ignored(SIGCHLD) && (now.sa_flags & SA_NOCLDWAIT) == 0) return;
    if (is_ignored(SIGCHLD)) now.sa_handler = SIG_DFL;
    now.sa_flags &= ~SA_NOCLDWAIT;
    sigaction(SIGCHLD, &now, nullptr);
}

}  // namespace drainlab::machine
