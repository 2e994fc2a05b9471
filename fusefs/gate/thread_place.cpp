#include "fusefs/gate/thread_place.hpp"

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace drainlab::gate {

thread_place place_named(std::string_view name) noexcept {
    if (name.empty() || name == "0") return thread_place::nowhere;
    for (const std::string_view lock : {"super", "rwsem", "down_read", "down_write"})
        if (name.find(lock) != std::string_view::npos) return thread_place::s_umount;
    for (const std::string_view request : {"request_wait_answer", "fuse_"})
        if (name.find(request) != std::string_view::npos) return thread_place::answer;
    return thread_place::elsewhere;
}

thread_watch::thread_watch(pid_t tid) {
    char path[40];
    std::snprintf(path, sizeof path, "/proc/%d/wchan", tid);
    fd_ = open(path, O_RDONLY | O_CLOEXEC);
}

thread_watch::~thread_watch() {
    if (fd_ >= 0) close(fd_);
}

thread_watch::thread_watch(thread_watch&& o) noexcept : fd_{std::exchange(o.fd_, -1)} {}
thread_watch& thread_watch::operator=(thread_watch&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
}

bool thread_watch::look(thread_place& place) const noexcept {
    char name[128];
    const ssize_t got = fd_ < 0 ? -1 : pread(fd_, name, sizeof name, 0);
    if (got < 0) return false;
    place = place_named({name, static_cast<std::size_t>(got)});
    return true;
}

}  // namespace drainlab::gate
