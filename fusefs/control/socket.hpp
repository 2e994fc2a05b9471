// The control socket: one daemon on one path.
#pragma once
#include <string>

namespace drainlab::control {

/// A listening socket of mode 0600, or why there is none.
struct listening_socket {
    int fd{-1};
    std::string error;  ///< one sentence naming the path; empty if fine
    bool in_use{};      ///< a daemon answers there already
};

/// Binds and listens on `path` (absolute, at most 107 bytes). A socket that a dead daemon left is replaced; one that answers, that
/// belongs to another user, or a file that is no socket, is refused. Start-up on one path is serialised by a lock on its directory.
/// Before a stale socket is replaced, cleans up what its daemon owned (state_file.hpp) and logs it.
listening_socket open_control_socket(const std::string& path);

/// Removes the socket and its state file.
void remove_control_socket(const std::string& path);

}  // namespace drainlab::control
