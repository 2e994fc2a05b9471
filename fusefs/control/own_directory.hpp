// A directory that goes with a daemon whose starter was killed.
#pragma once
#include "fusefs/os/process_identity.hpp"

#include <string>

namespace drainlab::control {

/// What drainctl or a client made for one daemon: its socket, log
/// and mount points are in it, and it is its maker's to remove.
struct own_directory {
    std::string path;  ///< empty: there is none
    os::process_identity maker;
};

/// Removes the directory if its maker is gone: the log in it, a file `lock`, empty directories,
/// itself. Whatever else is in it stays, and so does all of it while something of `socket`'s
/// daemon is there for `drainctl clean` (its record), or when others may write there.
void leave_own_directory(const own_directory& d, const std::string& socket, const std::string& log) noexcept;

}  // namespace drainlab::control
