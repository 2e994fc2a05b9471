#include "workloads/lifeline.hpp"

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <poll.h>
#include <unistd.h>

namespace drainlab::workloads {

lifeline::lifeline() {
    sigset_t set;
    sigemptyset(&set);
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
    signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals_ < 0) {
        std::perror("signalfd");
        std::exit(5);
    }
}

lifeline::~lifeline() { close(signals_); }

bool lifeline::wait(int other, int timeout_ms) {
    while (!cut_) {
        pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {signals_, POLLIN, 0}, {other, POLLIN, 0}};
        const int n = poll(fds, 3, timeout_ms);
        if (n < 0 && errno == EINTR) continue;
        if (fds[1].revents != 0) cut_ = true;
        if (fds[0].revents != 0) {
            char ignored[256];
            const auto got = read(STDIN_FILENO, ignored, sizeof ignored);
            if (got <= 0) cut_ = true;
            if (got > 0 && !cut_ && fds[2].revents == 0) continue;
        }
        break;
    }
    return cut_;
}

}  // namespace drainlab::workloads
