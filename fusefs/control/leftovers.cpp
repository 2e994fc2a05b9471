#include "fusefs/control/leftovers.hpp"

#include "fusefs/os/own_file.hpp"
#include "fusefs/os/printable.hpp"
#include "fusefs/os/processes.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

namespace drainlab::control {

namespace {

using os::to_printable;

/// A process that lives in this mount namespace, or 0.
pid_t inhabitant(std::uint64_t mount_namespace) {
    for (const pid_t pid : os::processes())
        if (os::mount_namespace_of(std::to_string(pid)) == mount_namespace) return pid;
    return 0;
}

/// Its mounts are not ours to see: they have gone with their namespace, or somebody has to look there.
clean_up elsewhere(const daemon_state& s) {
    clean_up done;
    const pid_t there = s.mounts.empty() ? 0 : inhabitant(s.mount_namespace);
    if (there == 0) return done;
    done.record_is_needed = true;
    done.problems.push_back(fmt::format(
        "the daemon (pid {}) ran in mount namespace {}, where its mounts still are: `nsenter --mount --target {} "
        "drainctl clean` with the same socket removes them",
        s.daemon.pid, s.mount_namespace, there));
    return done;
}

void remove_mount(const owned_mount& m, const std::vector<os::mount_line>& table, const detacher& detach,
                  clean_up& done) {
    if (!m.who) {
        // Killed while it made it: a mount there may be its, or anybody's. Too little to take it away.
        const auto there = os::mount_at(table, m.dir);
        if (there && there->ours() && os::connection_is_dead(*there))
            done.problems.push_back(
                fmt::format("the dead drainfs mount on {} may have been its, but the record does "
                            "not prove it: `drainctl clean --all` removes every dead one",
                            to_printable(m.dir)));
        return;
    }
    const auto line = os::find_mount(table, m.who);
    if (!line || !line->ours()) return;
    const auto shown = to_printable(line->dir);
    const auto keep = [&](std::string why) {
        done.problems.push_back(std::move(why));
        done.record_is_needed = true;
    };
    if (const auto cover = os::covering(table, *line))
        return keep(fmt::format("{} is dead and lies beneath the {} on {}: unmount that first, then clean again", shown,
                                cover->fstype, to_printable(cover->dir)));
    if (!os::connection_is_dead(*line))
        return keep(fmt::format("{} is left alone: its connection is not dead, so somebody keeps it", shown));
    if (const auto why = detach(line->dir); !why.empty()) return keep(fmt::format("cannot unmount {}: {}", shown, why));
    done.mounts.push_back(line->dir);
}

}  // namespace

bool answers_on(const std::string& socket) {
    sockaddr_un address{};
    if (socket.size() >= sizeof address.sun_path) return false;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket.c_str(), socket.size() + 1);
    const os::unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    // EAGAIN: its backlog is full
    return fd &&
           (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN);
}

bool daemon_is_dead(const std::string& socket) {
    std::string why;
    const auto record = read_state(state_path(socket), why);
    // A daemon that lives answers. One that was killed may be seen, and keep its lock and its mounts, until
    // the kernel has closed all that it had: waited for, or a moment later there would be something to clean.
    const auto began = std::chrono::steady_clock::now();
    for (;;) {
        const auto locked = os::is_locked(life_path(socket));
        const auto lives = record ? os::is_alive(record->daemon) : std::optional(false);
        if (answers_on(socket)) return false;
        // Where the lock could be asked, it has said all there is to know about a process that we cannot see.
        if (!locked.value_or(false) && !lives.value_or(!locked.has_value())) return true;
        // One that takes leave in its own time is not waited for as long as one whose main thread has ended.
        const std::chrono::seconds limit{lives.value_or(true) ? 1 : 5};
        if (std::chrono::steady_clock::now() > began + limit) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
}

clean_up remove_leftovers(const daemon_state& s, const detacher& detach) {
    clean_up done;
    const bool same_namespace = os::mount_namespace_of() == s.mount_namespace;
    if (!same_namespace) done = elsewhere(s);
    if (os::send_signal(s.gate, SIGKILL)) done.processes.push_back(s.gate.pid);
    if (!same_namespace) return done;
    for (const auto& m : s.mounts) remove_mount(m, os::read_mountinfo(), detach, done);
    return done;
}

}  // namespace drainlab::control
