// Starting drainfs-gate as a process that has nothing of ours but its end of the socket.
#pragma once
#include <sys/types.h>

#include <string>

namespace drainlab::gate {

/// The path of program `name`: beside our own binary, else found on PATH; empty if nowhere.
std::string find_program(const std::string& name);

/// The gate's process, not reaped by us here, and our end of the pair. The caller owns both.
struct spawned {
    pid_t pid{-1};
    int socket{-1};  ///< our end: SOCK_SEQPACKET, close-on-exec, non-blocking. The caller closes it
    int error{};     ///< errno if it could not be started
};

/// Starts drainfs-gate from `program`: own session, all signals blocked, no descriptor but 0-2 and the socket at
/// gate_socket_fd (so no FUSE descriptor can be kept alive by it).
spawned spawn_gate(const std::string& program);

/// Starts drainfs-gate beside our own program, else the one on PATH. On failure pid -1, and
/// `why` says what is missing. May block on the filesystem that the program is on.
/// Thread: one that lives as long as the gate shall: it dies with the thread that started it.
spawned start_program(std::string& why);

/// The same from any thread: one more is made, which stays until the gate has ended. It reaps nothing.
spawned start_program_for_good(std::string& why);

/// Kills a gate that nobody wants any more, and reaps it. Its socket stays the caller's. Thread: any.
void end(const spawned& child);

}  // namespace drainlab::gate
