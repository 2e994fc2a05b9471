// What a dead daemon leaves behind, and taking it away.
#pragma once

#include "controller/daemons/failure.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace drainlab::daemons {

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

/// Whether the daemon of `socket` is dead for certain, or there never was one (control::daemon_is_dead()).
bool daemon_is_dead(const std::string& socket);

/// Removes what the dead daemon of `socket` left: the mounts in its record that are provably those and whose connection
/// is over, its gate, the socket, and the record unless something that it names is still there. Does nothing while the
/// daemon lives, or may live; nor where another user can have written the record.
cleaned clean_socket(const std::string& socket);

/// Removes every drainfs mount of our mount namespace whose connection is over, whoever's it was.
cleaned clean_dead_mounts();

/// Removes the private_directory()s in the socket directory `dir` whose maker and daemon are dead, with their
/// leftovers.
cleaned clean_private_directories(const std::string& dir);

}  // namespace drainlab::daemons
