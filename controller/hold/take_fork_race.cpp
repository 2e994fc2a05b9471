// A descriptor between fork(2) and execve(2).
#include "controller/hold/take.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::hold {

namespace {

constexpr int held_there = 3, wait_there = 4;

/// The child, halfway to its program: it comes to its exec when its parent lets go of the pipe.
int halfway() {
    for (const int fd : {held_there, wait_there}) fcntl(fd, F_SETFD, FD_CLOEXEC);
    char end;
    while (read(wait_there, &end, 1) < 0 && errno == EINTR) {}
    execl("/bin/true", "true", nullptr);
    return 0;
}

}  // namespace

int take_fork_race(const std::string& dir, traces& left, std::string& step) {
    const os::unique_fd held{open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!held) return failed(step, "open " + dir);
    auto line = machine::lifeline::make();
    if (!line) return failed(step, "pipe");
    machine::birth how;
    how.descriptors = {{held.get(), held_there}, {line.value().theirs.get(), wait_there}};
    how.dies_with_us = true;
    if (const int error = take_by(left, step, machine::child::start(how, halfway))) return error;
    left.let_go = std::make_shared<os::unique_fd>(std::move(line.value().ours));
    return 0;
}

}  // namespace drainlab::hold
