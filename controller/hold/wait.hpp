// Waiting for a child, or for a signal to us.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace drainlab::hold {

/// Waits until `child` has ended (it is not reaped), or `other` (0: nobody) is gone, or `length` is over, or SIGINT, SIGTERM or SIGHUP
/// comes. True: one of the two is gone.
bool wait_for_child(pid_t child, std::chrono::nanoseconds length, pid_t other);

}  // namespace drainlab::hold
