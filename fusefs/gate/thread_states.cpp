#include "fusefs/gate/thread_states.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace drainlab::gate {
namespace {

/// The letter that /proc/TID/stat says of a thread; 0 if it is gone.
char scheduler_state(pid_t tid) {
    const int fd = open(fmt::format("/proc/{}/stat", tid).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    char text[512];
    const ssize_t got = read(fd, text, sizeof text);
    close(fd);
    const std::string_view stat{text, static_cast<std::size_t>(got > 0 ? got : 0)};
    const auto end_of_name = stat.rfind(')');
    return end_of_name == std::string_view::npos || end_of_name + 2 >= stat.size() ? '\0' : stat[end_of_name + 2];
}

/// Where wchan tells nothing, the state does: waiting for s_umount is uninterruptible, waiting for an answer is not.
thread_state state_without_place(pid_t tid) {
    switch (scheduler_state(tid)) {
        case '\0':
        case 'Z':
        case 'X': return thread_state::gone;
        case 'S': return thread_state::asleep;
        case 'D': return thread_state::blocked;
        default: return thread_state::running;
    }
}

}  // namespace

/// From time to time, so that what is watched stays within twice what lives.
void thread_states::forget_ended() {
    if (watched_.size() < forget_at_) return;
    std::erase_if(watched_, [](const auto& w) {
        auto place = thread_place::nowhere;
        return !w.second.look(place);
    });
    forget_at_ = std::max<std::size_t>(32, 2 * watched_.size());
}

thread_state thread_states::of(pid_t tid) {
    auto watched = watched_.find(tid);
    if (watched == watched_.end()) {
        forget_ended();
        watched = watched_.emplace(tid, tid).first;
    }
    auto place = thread_place::nowhere;
    if (!watched->second.look(place)) {
        watched_.erase(watched);  // it has ended, or the number was another thread's before
        return state_without_place(tid);
    }
    if (place == thread_place::nowhere) {
        const auto state = state_without_place(tid);
        // Asleep or blocked at last, or without a name for it: a second look knows.
        if (state == thread_state::running || !watched->second.look(place) || place == thread_place::nowhere)
            return state;
    }
    return place == thread_place::s_umount ? thread_state::blocked
           : place == thread_place::answer ? thread_state::asleep
                                           : thread_state::running;
}

}  // namespace drainlab::gate
