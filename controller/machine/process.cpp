#include "controller/machine/process.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <unistd.h>

namespace drainlab::machine {

namespace {

using clock = std::chrono::steady_clock;

// glibc 2.36 declares pidfd_open() without extern "C".
int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

}  // namespace

bool readable_within(int fd, std::chrono::milliseconds limit) {
    const auto end = clock::now() + limit;
    pollfd p{fd, POLLIN, 0};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now()).count();
        const int n = poll(&p, 1, static_cast<int>(std::clamp<long long>(left, 0, 1'000'000'000)));
        if (n > 0) return true;
        if (n == 0 && left <= 0) return false;
        if (n < 0 && errno != EINTR) return false;
    }
}

bool ends_within(int pidfd, std::chrono::milliseconds limit) { return readable_within(pidfd, limit); }

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

watched_process::watched_process(pid_t pid) : pid_{pid}, pidfd_{pid > 0 ? open_pidfd(pid) : -1} {}

watched_process::watched_process(const os::process_identity& who) : watched_process{who.pid} {
    // Asked after it was opened: what is alive now is what the descriptor means.
    if (!os::is_alive(who).value_or(false)) pidfd_.reset();
}

bool watched_process::gone_within(std::chrono::milliseconds limit) const {
    return !pidfd_ || ends_within(pidfd_.get(), limit);
}

std::string read_text(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace drainlab::machine
