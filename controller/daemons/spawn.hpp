// Starting `drainfs` with a clean slate of descriptors; for launch.cpp.
#pragma once

#include "controller/daemons/failure.hpp"
#include "controller/machine/child.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace drainlab::daemons {

/// Which program, and what it is given.
struct spawn_request {
    std::vector<std::string>
        args;                 ///< program path first; ` --ready-fd 3` is added, and ` --lifeline 4` with a lifeline
    std::string log;          ///< receives standard output and error, appended; made 0600
    bool background = false;  ///< not our child: an intermediate process ends at once
    int lifeline = -1;        ///< read end handed over, or -1
};

/// A daemon that has been started and has perhaps not said `ready` yet.
struct spawned {
    machine::child process;  ///< none in the background
    os::unique_fd ready;     ///< one line comes here
};

/// A new session, cwd /, signals as machine::birth has them, in plain words (LC_ALL=C),
/// standard input from /dev/null, nothing open but 0-2, 3 and, with a lifeline, 4.
result<spawned> spawn_daemon(const spawn_request& request);

/// Reads the one line of `ready`, waits at most `limit`: success on `ready`, else the daemon's own error.
result<void> await_ready(os::unique_fd ready, const std::string& log, std::chrono::milliseconds limit);

}  // namespace drainlab::daemons
