// Waiting for processes, or for a signal to us.
#pragma once

#include <chrono>
#include <vector>

namespace drainlab::hold {

/// Waits until one of the processes has ended (nobody is reaped), or `length`
/// is over, or a signal of machine::ending_signals() comes. True: one is gone.
bool wait_for_end(const std::vector<int>& pidfds, std::chrono::nanoseconds length);

}  // namespace drainlab::hold
