#include "controller/cli/foreground.hpp"

#include "controller/cli/output.hpp"
#include "controller/machine/child.hpp"
#include "controller/machine/process.hpp"
#include "controller/machine/signals.hpp"

#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace drainlab::cli {

using clock = std::chrono::steady_clock;

namespace {

constexpr int never = -1;

/// Milliseconds until `end`, as poll(2) wants them.
int until(clock::time_point end) {
    if (end == clock::time_point::max()) return never;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

}  // namespace

foreground::foreground() {
    sigemptyset(&caught_);
    for (const int s : machine::ending_signals()) sigaddset(&caught_, s);
    sigprocmask(SIG_BLOCK, &caught_, &before_);
    signals_.reset(signalfd(-1, &caught_, SFD_CLOEXEC | SFD_NONBLOCK));
}

foreground::~foreground() {
    // What came meanwhile has been acted upon; it must not end us now.
    while (next_signal()) {}
    sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<foreground::arrived> foreground::next_signal() {
    signalfd_siginfo info{};
    if (read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
    // The terminal sends to the whole process group: the command has got that one already.
    return arrived{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

result<int> foreground::run(const std::vector<std::string>& words, std::optional<duration> limit) {
    if (!signals_) return client::system_failure("signalfd", errno, exit_code::cannot_run);
    if (const auto s = next_signal()) return 128 + s->number;
    machine::birth how{.words = words};
    how.group = machine::process_group::ours;
    how.keep_streams = how.keep_callers_descriptors = true;
    how.environment = machine::own_environment();
    auto started = machine::child::start(how);
    if (!started) {
        remark(started.error().message);
        return static_cast<int>(started.error().exit);
    }
    auto& child = started.value();
    auto end = limit ? clock::now() + std::chrono::duration_cast<clock::duration>(*limit) : clock::time_point::max();
    bool late = false, killed = false;
    for (;;) {
        if (const auto status = child.wait(std::chrono::milliseconds(0)))
            return late ? 124 : machine::shell_status(*status);
        if (clock::now() >= end && !killed) {
            killed = late;
            child.send(late ? SIGKILL : SIGTERM);
            late = true;
            end = killed ? clock::time_point::max() : clock::now() + std::chrono::seconds(5);
        }
        pollfd both[] = {{child.pidfd(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
        poll(both, 2, until(end));
        while (const auto s = next_signal())
            if (!s->from_terminal) child.send(s->number);
    }
}

}  // namespace drainlab::cli
