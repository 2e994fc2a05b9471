#include "workloads/guest/unmount.hpp"

#include "workloads/guest/channel.hpp"
#include "workloads/guest/system.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::guest {

unmounts::unmounts(channel& out, const std::vector<std::string>& dirs, bool lazy) : out_(out) {
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) != 0) out_.give_up(std::string("pipe: ") + std::strerror(errno));
    gate_ = gate[1];
    for (const auto& dir : dirs) {
        const pid_t pid = fork();
        if (pid == 0) {
            char go = 0;
            if (read(gate[0], &go, 1) != 1) _exit(9);
            const char* const plain[] = {"umount", dir.c_str(), nullptr};
            const char* const detach[] = {"umount", "-l", dir.c_str(), nullptr};
            execv("/bin/umount", const_cast<char* const*>(lazy ? detach : plain));
            _exit(127);
        }
        ends_.push_back({pid, 0, 0});
    }
    close(gate[0]);
}

std::vector<pid_t> unmounts::pids() const {
    std::vector<pid_t> all;
    for (const auto& e : ends_) all.push_back(e.pid);
    return all;
}

std::vector<unmount_end> unmounts::run() {
    const std::string go(ends_.size(), 'g');
    begun_at_ = now_ns();
    if (write(gate_, go.data(), go.size()) != static_cast<ssize_t>(go.size())) out_.give_up("the gate did not open");
    for (std::size_t left = ends_.size(); left > 0;) {
        int status = 0;
        const pid_t pid = wait(&status);
        const auto took = now_ns() - begun_at_;
        const auto at = std::find_if(ends_.begin(), ends_.end(), [&](const auto& e) { return e.pid == pid; });
        if (pid < 0) out_.give_up("a child is missing");
        if (at == ends_.end()) continue;  // a burner that ended early has said why
        at->status = status;
        at->took_ns = took;
        --left;
    }
    close(gate_);
    return ends_;
}

}  // namespace drainlab::guest
