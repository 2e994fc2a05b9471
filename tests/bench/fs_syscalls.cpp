#include "tests/bench/fs_syscalls.hpp"

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <signal.h>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>

namespace drainlab::bench {

namespace {

/// Until `word` was said; the rest, up to its end, if `word` is empty.
std::string read_until(int fd, const char* word) {
    std::string text;
    for (char c; (!*word || text.find(word) == std::string::npos) && ::read(fd, &c, 1) == 1;) text += c;
    return text;
}

/// The table's last line: "100.00    0.001234           1      1234         5 total".
std::uint64_t total_of(const std::string& table) {
    std::istringstream lines{table};
    for (std::string line; std::getline(lines, line);) {
        if (line.size() < 6 || line.compare(line.size() - 6, 6, " total") != 0) continue;
        std::istringstream words{line};
        std::string share, seconds, each;
        std::uint64_t calls = 0;
        if (words >> share >> seconds >> each >> calls) return calls;
    }
    return 0;
}

}  // namespace

syscall_count::syscall_count(pid_t daemon) {
    int pipe[2];
    if (daemon <= 0 || ::pipe2(pipe, O_CLOEXEC) != 0) return;
    strace_ = ::fork();
    if (strace_ == 0) {
        ::dup2(pipe[1], 2);
        const std::string pid = std::to_string(daemon);
        ::execlp("strace", "strace", "-f", "-c", "-p", pid.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    ::close(pipe[1]);
    said_ = pipe[0];
    read_until(said_, "attached");
}

std::uint64_t syscall_count::stop() {
    const pid_t child = std::exchange(strace_, -1);
    if (child <= 0) return 0;
    ::kill(child, SIGINT);
    const std::string said = read_until(said_, "");
    ::close(said_);
    ::waitpid(child, nullptr, 0);
    return total_of(said);
}

}  // namespace drainlab::bench
