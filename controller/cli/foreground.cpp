#include "controller/cli/foreground.hpp"

#include "controller/client/process.hpp"

#include <fmt/format.h>

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <unistd.h>

namespace drainlab::cli {

using clock = std::chrono::steady_clock;

namespace {

timespec timespec_of(clock::duration d) {
    const auto ns = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(d).count());
    return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

[[noreturn]] void become(const std::vector<std::string>& words, const sigset_t& mask) {
    std::signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    std::vector<char*> argv;
    for (const auto& w : words) argv.push_back(const_cast<char*>(w.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    fmt::print(stderr, "drainctl: {}: {}\n", words[0], std::strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

}  // namespace

foreground::foreground() {
    sigemptyset(&caught_);
    for (int s : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&caught_, s);
    sigprocmask(SIG_BLOCK, &caught_, &before_);
}

foreground::~foreground() {
    // What came meanwhile has been acted upon; it must not end us now.
    const timespec none{};
    while (sigtimedwait(&caught_, nullptr, &none) > 0) {}
    sigprocmask(SIG_SETMASK, &before_, nullptr);
}

result<int> foreground::run(const std::vector<std::string>& words, std::optional<duration> limit) {
    const timespec none{};
    for (int s = 0; (s = sigtimedwait(&caught_, nullptr, &none)) > 0;)
        if (s != SIGCHLD) return 128 + s;
    const pid_t child = fork();
    if (child < 0) return client::system_failure("fork", errno);
    if (child == 0) become(words, before_);

    auto end = limit ? clock::now() + std::chrono::duration_cast<clock::duration>(*limit) : clock::time_point::max();
    bool late = false, killed = false;
    for (;;) {
        int status = 0;
        if (waitpid(child, &status, WNOHANG) == child) return late ? 124 : client::shell_status(status);
        if (clock::now() >= end && !killed) {
            killed = late;
            kill(child, late ? SIGKILL : SIGTERM);
            late = true;
            end = clock::now() + std::chrono::seconds(5);
        }
        const auto pause = timespec_of(std::min<clock::duration>(end - clock::now(), std::chrono::hours(1)));
        const int s = sigtimedwait(&caught_, nullptr, &pause);
        if (s > 0 && s != SIGCHLD) kill(child, s);
    }
}

}  // namespace drainlab::cli
