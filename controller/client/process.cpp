#include "controller/client/process.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <unistd.h>

namespace drainlab::client {

namespace {

using clock = std::chrono::steady_clock;

// glibc 2.36 declares pidfd_open() without extern "C".
int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

/// Polls a pidfd until it is readable (the process has ended). False when time ran out.
bool poll_end(int pidfd, std::chrono::milliseconds limit) {
    const auto end = clock::now() + limit;
    pollfd p{pidfd, POLLIN, 0};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now()).count();
        const int n = poll(&p, 1, static_cast<int>(std::clamp<long long>(left, 0, 1'000'000'000)));
        if (n > 0) return true;
        if (n == 0 && left <= 0) return false;
        if (n < 0 && errno != EINTR) return false;
    }
}

}  // namespace

std::optional<int> wait_child(pid_t child, std::chrono::milliseconds limit) {
    const int fd = open_pidfd(child);
    if (fd >= 0) {
        const bool ended = poll_end(fd, limit);
        close(fd);
        if (!ended) return std::nullopt;
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return 0;  // somebody else reaped it
    return status;
}

int shell_status(int wait_status) noexcept {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

std::optional<std::uint64_t> start_time(pid_t pid) {
    const std::string stat = read_text("/proc/" + std::to_string(pid) + "/stat");
    const auto after_name = stat.rfind(')');
    if (after_name == std::string::npos) return std::nullopt;
    std::istringstream rest(stat.substr(after_name + 1));
    std::string state, skipped;
    rest >> state;
    if (state == "Z" || state == "X") return std::nullopt;  // ended; only its parent has not looked yet
    for (int field = 4; field < 22; ++field) rest >> skipped;
    std::uint64_t ticks = 0;
    if (!(rest >> ticks)) return std::nullopt;
    return ticks;
}

bool wait_gone(pid_t pid, std::chrono::milliseconds limit) {
    const int fd = open_pidfd(pid);
    if (fd < 0) return errno == ESRCH;
    const bool gone = poll_end(fd, limit);
    close(fd);
    return gone;
}

std::string read_text(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace drainlab::client
