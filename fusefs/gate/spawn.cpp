#include "fusefs/gate/spawn.hpp"

#include "fusefs/gate/protocol.hpp"

#include <climits>
#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <future>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace drainlab::gate {

std::string find_program(const std::string& name) {
    char self[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
    if (length > 0) {
        std::string beside{self, static_cast<std::size_t>(length)};
        beside.resize(beside.rfind('/') + 1);
        beside += name;
        if (access(beside.c_str(), X_OK) == 0) return beside;
    }
    const char* const path = std::getenv("PATH");
    std::istringstream folders{path ? path : "/usr/local/bin:/usr/bin:/bin"};
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string candidate = folder + "/" + name;
        if (!folder.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return {};
}

spawned spawn_gate(const std::string& program) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return {-1, -1, errno};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], gate_socket_fd);
    posix_spawn_file_actions_addclosefrom_np(&actions, gate_socket_fd + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    char* const arguments[] = {const_cast<char*>("drainfs-gate"), nullptr};
    spawned child;
    child.error = posix_spawn(&child.pid, program.c_str(), &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    if (child.error != 0) {
        close(pair[0]);
        return {-1, -1, child.error};
    }
    fcntl(pair[0], F_SETFL, fcntl(pair[0], F_GETFL) | O_NONBLOCK);
    child.socket = pair[0];
    return child;
}

spawned start_program(std::string& why) {
    const std::string program = find_program("drainfs-gate");
    if (program.empty()) {
        why = "the program drainfs-gate is neither beside drainfs nor on PATH";
        return {};
    }
    const spawned child = spawn_gate(program);
    if (child.error != 0) why = fmt::format("cannot start {}: {}", program, std::strerror(child.error));
    return child;
}

/// The gate asks for SIGKILL when its parent dies, and to the kernel its parent is the thread that started it.
spawned start_program_for_good(std::string& why) {
    std::promise<spawned> started;
    auto child = started.get_future();
    try {
        std::thread{[&why, started = std::move(started)]() mutable {
            const spawned gate = start_program(why);
            started.set_value(gate);  // `why` may be gone from here on
            siginfo_t end{};
            while (gate.pid > 0 && waitid(P_PID, static_cast<id_t>(gate.pid), &end, WEXITED | WNOWAIT) != 0 &&
                   errno == EINTR) {}
        }}.detach();
    } catch (const std::system_error& e) {
        why = std::string{"cannot start drainfs-gate: no thread: "} + e.what();
        return {};
    }
    return child.get();
}

void end(const spawned& child) {
    ::kill(child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
}

}  // namespace drainlab::gate
