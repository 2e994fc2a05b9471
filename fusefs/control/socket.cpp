#include "fusefs/control/socket.hpp"

#include "fusefs/control/leftovers.hpp"
#include "fusefs/control/state_file.hpp"
#include "fusefs/gate/calls.hpp"
#include "fusefs/os/mountinfo.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace drainlab::control {
namespace {

constexpr auto patience = std::chrono::seconds{10};

/// Tries again every few milliseconds until `tried` is true. False when the time is over.
template <class Try>
bool in_time(Try tried) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!tried()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

/// The lock that start-ups on one directory take turns under. Released when it goes. Anybody who may read the directory
/// can hold one: so we do not wait for ever.
struct directory_lock {
    explicit directory_lock(const std::string& dir) : fd{open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)} {
        held = fd && in_time([this] { return flock(fd.get(), LOCK_EX | LOCK_NB) == 0; });
    }
    os::unique_fd fd;
    bool held{};
};

sockaddr_un address_of(const std::string& path) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    std::memcpy(a.sun_path, path.c_str(), path.size() + 1);
    return a;
}

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

/// Whether `path` lies on a drainfs mount: a daemon must never wait for itself.
bool on_drainfs(const std::string& path) {
    const auto m = os::mount_containing(os::read_mountinfo(), path);
    return m && m->ours();
}

/// What a dead daemon left on this socket.
void clean_up_on(const std::string& path) {
    std::string why;
    const auto left = read_state(state_path(path), why);
    if (!why.empty()) spdlog::warn("{} is not believed, nothing is cleaned up after it", os::to_line(why));
    if (!left) return;
    const auto done = remove_leftovers(*left, [](const std::string& dir) {
        gate::request lazily;
        lazily.flags = gate::flag_lazy;
        lazily.path = dir;
        const int error = gate::call_umount(lazily);
        return error == 0 ? std::string{} : std::strerror(error);
    });
    for (const auto& dir : done.mounts)
        spdlog::info("unmounted {} (left by dead daemon {})", os::to_printable(dir), left->daemon.pid);
    for (const auto pid : done.processes) spdlog::info("ended drainfs-gate (pid {})", pid);
    for (const auto& problem : done.problems) spdlog::warn("{}", os::to_line(problem));
}

/// Who is alive but does not answer is either stopped or about to leave: the latter gets its time.
std::string wait_for_the_last(const std::string& path) {
    bool answers = false;
    if (in_time([&] { return (answers = answers_on(path)) || daemon_is_dead(path); }))
        return answers ? fmt::format("a daemon answers on {} already", path) : "";
    std::string why;
    const auto left = read_state(state_path(path), why);
    return fmt::format("the daemon of {} (pid {}) is alive but does not answer", path,
                       left ? std::to_string(left->daemon.pid) : "unknown");
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
    const auto fail = [](std::string why, bool in_use = false) {
        return listening_socket{-1, std::move(why), in_use, {}, {}};
    };
    sockaddr_un address{};
    if (path.empty() || path[0] != '/') return fail(fmt::format("--socket must be an absolute path, not '{}'", path));
    if (path.size() >= sizeof address.sun_path)
        return fail(fmt::format("--socket {} is longer than {} bytes", path, sizeof address.sun_path - 1));
    if (on_drainfs(path)) return fail(fmt::format("--socket {} lies on a drainfs mount; put it elsewhere", path));
    address = address_of(path);
    const directory_lock lock{parent_of(path)};
    if (!lock.fd) return fail(fmt::format("cannot open the directory of --socket {}: {}", path, std::strerror(errno)));
    if (!lock.held)
        return fail(fmt::format("somebody has held a lock on {} for {} s; choose another --socket", parent_of(path),
                                patience.count()));
    if (auto why = wait_for_the_last(path); !why.empty()) return fail(std::move(why), true);
    clean_up_on(path);
    if (auto why = remove_stale(path); !why.empty()) return fail(std::move(why));
    auto life = os::life_lock::take(life_path(path));
    if (!life) return fail(fmt::format("cannot lock {}: {}", life_path(path), std::strerror(errno)));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const mode_t umask_before = umask(0177);
    const int bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    umask(umask_before);
    if (bound == 0 && listen(fd, 128) == 0)
        return {fd,
                {},
                false,
                os::unique_fd{openat(lock.fd.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC)},
                std::move(life)};
    const int error = errno;
    close(fd);
    return fail(fmt::format("cannot listen on {}: {}", path, std::strerror(error)));
}

void remove_control_socket(int dir, const std::string& path, bool keep_state) {
    const auto remove = [dir](const std::string& file) { unlinkat(dir, file.substr(file.rfind('/') + 1).c_str(), 0); };
    remove(path);
    if (!keep_state) remove(state_path(path));
    remove(life_path(path));  // last: until then a newcomer waits
}

}  // namespace drainlab::control
