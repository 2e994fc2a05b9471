#include "controller/client/spawn.hpp"

#include "controller/client/process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace drainlab::client {

using nlohmann::json;

namespace {

/// Everything the child needs, prepared before the fork: afterwards only async-signal-safe calls are made.
struct child_plan {
    std::vector<char*> argv, environment;
    int log = -1, null = -1, ready = -1, lifeline = -1;
    bool background = false;
};

[[noreturn]] void give_up(int ready, const char* text) {
    [[maybe_unused]] const auto n = write(ready, text, std::strlen(text));
    _exit(127);
}

void reset_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int s = 1; s < NSIG; ++s) sigaction(s, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_daemon(const child_plan& plan) {
    setsid();
    if (plan.background) {
        const pid_t second = fork();  // not a session leader: never gets a terminal
        if (second != 0) _exit(second < 0 ? 127 : 0);
    }
    reset_signals();
    if (chdir("/") != 0) give_up(plan.ready, "cannot change to /\n");
    // First out of the way of 0..4, then to their places.
    const int log = fcntl(plan.log, F_DUPFD, 10), null = fcntl(plan.null, F_DUPFD, 10),
              ready = fcntl(plan.ready, F_DUPFD, 10);
    const int lifeline = plan.lifeline >= 0 ? fcntl(plan.lifeline, F_DUPFD, 10) : -1;
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);
    dup2(ready, 3);
    if (lifeline >= 0) dup2(lifeline, 4);
    close_range(lifeline >= 0 ? 5 : 4, ~0U, 0);
    execve(plan.argv[0], plan.argv.data(), plan.environment.data());
    give_up(3, "cannot run drainfs\n");
}

/// Ours without DRAINLAB_*: those speak to drainctl, and the daemon is told everything by its options; but for where our data is.
std::vector<char*> daemon_environment() {
    std::vector<char*> kept;
    for (char** e = environ; *e; ++e)
        if (std::strncmp(*e, "DRAINLAB_", 9) != 0 || std::strncmp(*e, "DRAINLAB_DATA_DIR=", 18) == 0)
            kept.push_back(*e);
    kept.push_back(nullptr);
    return kept;
}

struct fd_guard {
    int fd = -1;
    ~fd_guard() {
        if (fd >= 0) close(fd);
    }
};

std::string last_line(const std::string& log) {
    std::string text = read_text(log);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    const auto newline = text.rfind('\n');
    return newline == std::string::npos ? text : text.substr(newline + 1);
}

failure not_ready(const std::string& line, const std::string& log) {
    const json told = json::parse(line, nullptr, false);
    const json error = told.is_object() ? told.value("error", told) : json::object();
    const auto word = [&](const char* key) {
        return error.contains(key) && error[key].is_string() ? error[key].get<std::string>() : std::string();
    };
    const std::string code = word("code").empty() ? "daemon_failed" : word("code");
    const bool users_fault =
        code == "bad_request" || code == "usage" || code.rfind("unknown_", 0) == 0 || code == "on_drainfs";
    std::string message = word("message");
    if (message.empty()) message = line.empty() ? last_line(log) : line;
    if (message.empty()) message = "it said nothing";
    if (const json told_exit = error.value("exit", json()); told_exit.is_number_integer())
        return {code, "drainfs did not start: " + message, word("hint").empty() ? "its log is " + log : word("hint"),
                static_cast<exit_code>(told_exit.get<int>()), 0};
    const auto exit = users_fault                                ? exit_code::usage
                      : code == "denied" || code == "cannot_run" ? exit_code::cannot_run
                                                                 : exit_code::broken;
    return {code, "drainfs did not start: " + message, word("hint").empty() ? "its log is " + log : word("hint"), exit,
            0};
}

}  // namespace

result<spawned> spawn_daemon(const spawn_request& request) {
    fd_guard log{open(request.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (log.fd < 0) return system_failure("cannot open the log " + request.log, errno);
    fd_guard null{open("/dev/null", O_RDWR | O_CLOEXEC)};
    int ends[2];
    if (null.fd < 0 || pipe2(ends, O_CLOEXEC) != 0) return system_failure("cannot start drainfs", errno);
    fd_guard ours{ends[0]}, theirs{ends[1]};

    auto args = request.args;
    args.insert(args.end(), {"--ready-fd", "3"});
    if (request.lifeline >= 0) args.insert(args.end(), {"--lifeline", "4"});
    child_plan plan{{}, daemon_environment(), log.fd, null.fd, theirs.fd, request.lifeline, request.background};
    for (auto& a : args) plan.argv.push_back(a.data());
    plan.argv.push_back(nullptr);

    const pid_t child = fork();
    if (child < 0) return system_failure("cannot start drainfs: fork", errno);
    if (child == 0) become_daemon(plan);
    spawned started{child, std::exchange(ours.fd, -1)};
    if (request.background) {
        while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {}
        started.pid = -1;
    }
    return started;
}

result<void> await_ready(int ready_fd, const std::string& log, std::chrono::milliseconds limit) {
    const fd_guard ready{ready_fd};
    const auto end = std::chrono::steady_clock::now() + limit;
    std::string line;
    while (line.find('\n') == std::string::npos) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
        pollfd p{ready_fd, POLLIN, 0};
        if (left <= 0 || poll(&p, 1, static_cast<int>(left)) == 0)
            return failure{"timed_out", fmt::format("drainfs was not ready within {} ms", limit.count()),
                           "its log is " + log, exit_code::timed_out, 0};
        char buffer[4096];
        const auto n = read(ready_fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        line.append(buffer, static_cast<std::size_t>(n));
    }
    line = line.substr(0, line.find('\n'));
    if (line == "ready") return success();
    return not_ready(line, log);
}

}  // namespace drainlab::client
