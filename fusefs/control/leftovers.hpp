// Is a daemon dead, and what of it is still there? One answer for the next daemon on its socket and for `drainctl
// clean`.
#pragma once
#include "fusefs/control/state_file.hpp"

#include <functional>
#include <string>
#include <vector>

namespace drainlab::control {

/// Whether somebody listens on the socket.
bool answers_on(const std::string& socket);

/// Whether the daemon of this socket is dead for certain: it holds no lock on X.life, X.state names no process that
/// lives (or might live, in another pid namespace), and nobody listens. Also true if there never was one. One that is
/// just ending is waited for: 5 s at most, 1 s while its main thread can be seen.
bool daemon_is_dead(const std::string& socket);

/// What was done.
struct clean_up {
    std::vector<std::string> mounts;    ///< mount points, as bytes
    std::vector<pid_t> processes;       ///< ended
    std::vector<std::string> problems;  ///< sentences: what of it is still there, and what would help
    bool record_is_needed{};            ///< something is left that only this record names
};

/// Detaches the mount on `dir` lazily. Empty, or why that failed.
using detacher = std::function<std::string(const std::string& dir)>;

/// Removes what the dead daemon described by `s` left behind, and nothing else: its gate; and those of its mounts that
/// are found by their identity, are not covered, and whose connection is over (asked of the kernel with a limit of 2 s
/// each: who does not answer is alive). Precondition: daemon_is_dead().
clean_up remove_leftovers(const daemon_state& s, const detacher& detach);

}  // namespace drainlab::control
