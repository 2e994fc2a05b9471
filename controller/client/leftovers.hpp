// What a dead daemon leaves behind, and taking it away.
#pragma once

#include "controller/client/failure.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace drainlab::client {

/// What was removed, and what could not be.
struct cleaned {
    std::vector<std::string> mounts, sockets, cgroups, directories;
    std::vector<pid_t> processes;
    std::vector<std::string> problems;

    bool empty() const noexcept {
        return mounts.empty() && sockets.empty() && cgroups.empty() && directories.empty() && processes.empty();
    }
    void add(cleaned other);
};

/// Whether the daemon recorded beside `socket` (docs/api.md: X.state) is gone, or none is recorded and nobody answers.
bool daemon_is_dead(const std::string& socket);

/// Removes what the dead daemon of `socket` left: the mounts in its record (by directory and device, lazily), its gate,
/// the socket and the record. Does nothing while the daemon lives.
cleaned clean_socket(const std::string& socket);

/// Whether the drainfs mount on `dir` answers ENOTCONN: its daemon is gone. A daemon that is there but does not answer within 2 s is not.
bool connection_is_dead(const std::string& dir);

/// Removes every drainfs mount of our mount namespace that answers ENOTCONN, whoever's it was.
cleaned clean_dead_mounts();

/// Removes cgroups named `drainlab-<pid>-*` whose process is gone, with the processes in them; nothing outside `root`.
/// Only for process ids of our own pid namespace.
cleaned clean_cgroups(const std::string& root);

/// Removes `private-<pid>-*` directories in the socket directory `dir` whose maker and daemon are gone, with their
/// leftovers.
cleaned clean_private_directories(const std::string& dir);

/// Unmounts `dir` without ever blocking us for long: MNT_DETACH in a child, else fusermount3 -uz. False with a problem
/// noted.
bool detach_dead(const std::string& dir, cleaned& report);

}  // namespace drainlab::client
