#include "controller/hold/wait.hpp"

#include "controller/machine/signals.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <sys/signalfd.h>

#include <algorithm>
#include <csignal>
#include <poll.h>
#include <unistd.h>

namespace drainlab::hold {

bool wait_for_end(const std::vector<int>& pidfds, std::chrono::nanoseconds length) {
    const auto end = std::chrono::steady_clock::now() + length;
    sigset_t some, before;
    sigemptyset(&some);
    for (const int s : machine::ending_signals()) sigaddset(&some, s);
    sigprocmask(SIG_BLOCK, &some, &before);
    const os::unique_fd signals{signalfd(-1, &some, SFD_CLOEXEC | SFD_NONBLOCK)};
    std::vector<pollfd> all{{signals.get(), POLLIN, 0}};
    for (const int fd : pidfds) all.push_back({fd, POLLIN, 0});
    bool gone = false;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
        const int n = poll(all.data(), all.size(), static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
        gone = n > 0 && std::any_of(all.begin() + 1, all.end(), [](const pollfd& p) { return p.revents != 0; });
        signalfd_siginfo ignored{};
        const bool asked = all[0].revents != 0 && read(signals.get(), &ignored, sizeof ignored) > 0;
        if (gone || asked || left <= 0) break;
    }
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return gone;
}

}  // namespace drainlab::hold
