// Starting `drainfs` with a clean slate of descriptors; for launch.cpp.
#pragma once

#include "controller/client/failure.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace drainlab::client {

struct spawn_request {
    std::vector<std::string>
        args;                 ///< program path first; ` --ready-fd 3` is added, and ` --lifeline 4` with a lifeline
    std::string log;          ///< receives standard output and error, appended; made 0600
    bool background = false;  ///< not our child: an intermediate process ends at once
    int lifeline = -1;        ///< read end handed over, or -1
};

struct spawned {
    pid_t pid = -1;     ///< -1 in the background
    int ready_fd = -1;  ///< one line comes here; the caller closes it
};

/// A new session, cwd /, no signal blocked or ignored, standard input from /dev/null, nothing open but 0-2, 3 and, with
/// a lifeline, 4.
result<spawned> spawn_daemon(const spawn_request& request);

/// Reads the one line of `ready_fd`, waits at most `limit`: success on `ready`, else the daemon's own error. Closes the
/// descriptor.
result<void> await_ready(int ready_fd, const std::string& log, std::chrono::milliseconds limit);

}  // namespace drainlab::client
