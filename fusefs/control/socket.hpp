// The control socket: one daemon on one path.
#pragma once
#include "fusefs/os/own_file.hpp"

#include <string>

namespace drainlab::control {

/// A listening socket of mode 0600, or why there is none.
struct listening_socket {
    int fd{-1};
    std::string error;     ///< one sentence naming the path; empty if fine
    bool in_use{};         ///< a daemon answers there already
    os::unique_fd dir{};   ///< the directory of the socket, for what the daemon does there later
    os::life_lock life{};  ///< on X.life; tells everybody that this daemon lives
};

/// Binds and listens on `path` (absolute, at most 107 bytes). A socket that a dead daemon left is replaced, after what
/// that one owned is cleaned up (leftovers.hpp) and logged; one that answers, that belongs to another user, or a file
/// that is no socket, is refused. For a daemon that is about to leave it waits, at most 10 s. Start-up on one path is
/// serialised by a lock on its directory.
listening_socket open_control_socket(const std::string& path);

/// Removes the socket, its state file (unless what it names is still there) and its lock.
/// `dir`: listening_socket::dir.
void remove_control_socket(int dir, const std::string& path, bool keep_state = false);

}  // namespace drainlab::control
