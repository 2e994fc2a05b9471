#include "fusefs/control/socket.hpp"

#include "fusefs/control/state_file.hpp"
#include "fusefs/os/mountinfo.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::control {
namespace {

/// The lock that start-ups on one directory take turns under. Released when it goes.
struct directory_lock {
    explicit directory_lock(const std::string& dir) : fd{open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)} {
        if (fd >= 0) flock(fd, LOCK_EX);
    }
    ~directory_lock() {
        if (fd >= 0) close(fd);
    }
    int fd;
};

sockaddr_un address_of(const std::string& path) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    std::memcpy(a.sun_path, path.c_str(), path.size() + 1);
    return a;
}

bool answers(const sockaddr_un& address) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int rc = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const bool yes = rc == 0 || errno == EAGAIN;  // EAGAIN: its backlog is full
    close(fd);
    return yes;
}

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

/// Whether `path` lies on a drainfs mount: a daemon must never wait for itself.
bool on_drainfs(const std::string& path) {
    std::string best, fstype;
    for (const auto& line : os::read_mountinfo()) {
        const bool above = line.dir == "/" || path == line.dir || path.starts_with(line.dir + "/");
        if (above && line.dir.size() >= best.size()) {
            best = line.dir;
            fstype = line.fstype;
        }
    }
    return fstype == "fuse.drainfs";
}

/// Removes a socket that nobody answers on; the error, or "".
std::string remove_stale(const std::string& path) {
    struct stat st {};
    if (lstat(path.c_str(), &st) != 0) return {};
    if (!S_ISSOCK(st.st_mode)) return fmt::format("{} exists and is not a socket; choose another --socket", path);
    if (st.st_uid != geteuid())
        return fmt::format("{} belongs to uid {}, not to us; choose another --socket", path, st.st_uid);
    if (unlink(path.c_str()) != 0)
        return fmt::format("cannot remove the stale socket {}: {}", path, std::strerror(errno));
    return {};
}

}  // namespace

listening_socket open_control_socket(const std::string& path) {
    const auto fail = [](std::string why, bool in_use = false) { return listening_socket{-1, std::move(why), in_use}; };
    sockaddr_un address{};
    if (path.empty() || path[0] != '/') return fail(fmt::format("--socket must be an absolute path, not '{}'", path));
    if (path.size() >= sizeof address.sun_path)
        return fail(fmt::format("--socket {} is longer than {} bytes", path, sizeof address.sun_path - 1));
    if (on_drainfs(path)) return fail(fmt::format("--socket {} lies on a drainfs mount; put it elsewhere", path));
    address = address_of(path);
    const directory_lock lock{parent_of(path)};
    if (lock.fd < 0)
        return fail(fmt::format("cannot open the directory of --socket {}: {}", path, std::strerror(errno)));
    if (answers(address)) return fail(fmt::format("a daemon answers on {} already", path), true);
    if (const auto left = read_state(state_path(path))) {
        if (process_is_alive(left->pid, left->start_time))
            return fail(fmt::format("the daemon of {} (pid {}) is alive but does not answer", path, left->pid), true);
        for (const auto& line : clean_up_after(*left)) spdlog::info("{}", line);
    }
    if (auto why = remove_stale(path); !why.empty()) return fail(std::move(why));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const mode_t umask_before = umask(0177);
    const int bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    umask(umask_before);
    if (bound == 0 && listen(fd, 128) == 0) return {fd, {}, false};
    const int error = errno;
    close(fd);
    return fail(fmt::format("cannot listen on {}: {}", path, std::strerror(error)));
}

void remove_control_socket(const std::string& path) {
    unlink(path.c_str());
    unlink(state_path(path).c_str());
}

}  // namespace drainlab::control
