#include "fusefs/gate/daemon_state.hpp"

#include "fusefs/gate/thread_place.hpp"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::gate {
namespace {

ssize_t read_file(pid_t pid, const char* name, char* into, std::size_t room) noexcept {
    char path[48];
    std::snprintf(path, sizeof path, "/proc/%d/task/%d/%s", pid, pid, name);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    const ssize_t got = read(fd, into, room - 1);
    close(fd);
    if (got >= 0) into[got] = '\0';
    return got;
}

bool waits_for_events(std::string_view place) noexcept {
    const auto function = place.substr(0, place.find('.'));
    return function.empty() || function == "0" || function == "ep_poll" || function == "do_epoll_wait" ||
           function.starts_with("schedule_hrtimeout") || function == "poll_schedule_timeout";
}

bool is_frozen(std::string_view place) noexcept {
    return place == "do_freezer_trap" || place == "__refrigerator" || place == "refrigerator" || place == "get_signal";
}

}  // namespace

loop_state state_of_loop(const loop_look& now, std::uint64_t cpu_before) noexcept {
    if (now.letter == 'T' || now.letter == 't' || is_frozen(now.place)) return loop_state::stopped;
    if (now.letter == 'R' || now.cpu > cpu_before) return loop_state::busy;
    if (place_named(now.place) == thread_place::answer) return loop_state::in_fuse;
    return waits_for_events(now.place) && now.letter != 'D' ? loop_state::idle : loop_state::in_call;
}

/// An idle loop that says nothing has lost itself. Who is busy, waits for a store or was stopped may come back: but not
/// longer than the longest drain, which is below the kernel's hung-task warning, and a debugger's user has to know it.
std::chrono::seconds patience(loop_state s) noexcept {
    using namespace std::chrono_literals;
    switch (s) {
        case loop_state::idle: return 10s;
        case loop_state::stopped:
        case loop_state::in_fuse: return 20s;
        case loop_state::busy:
        case loop_state::in_call: return 60s;
    }
    return 10s;
}

const char* words(loop_state s) noexcept {
    switch (s) {
        case loop_state::idle: return "idle";
        case loop_state::busy: return "busy";
        case loop_state::in_call: return "waiting in a system call";
        case loop_state::in_fuse: return "waiting for a FUSE daemon";
        case loop_state::stopped: return "stopped";
    }
    return "?";
}

bool look_at_loop(pid_t pid, loop_look& look, char* place) noexcept {
    char stat[512];
    if (read_file(pid, "stat", stat, sizeof stat) <= 0) return false;
    const char* const end_of_name = std::strrchr(stat, ')');
    unsigned long user = 0, system = 0;
    // proc(5): state is field 3, utime and stime are 14 and 15.
    if (!end_of_name || std::sscanf(end_of_name + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                                    &look.letter, &user, &system) != 3)
        return false;
    look.cpu = user + system;
    const ssize_t got = read_file(pid, "wchan", place, 128);
    look.place = {place, got > 0 ? static_cast<std::size_t>(got) : 0};
    return true;
}

}  // namespace drainlab::gate
