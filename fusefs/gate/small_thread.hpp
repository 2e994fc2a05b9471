// Threads that mostly wait in the kernel.
#pragma once
#include <functional>

namespace drainlab::gate {

/// Runs `body` in a detached thread with 256 KiB of stack (of which a few are ever touched). False if there
/// can be no more threads.
bool start_small_thread(std::function<void()> body);

}  // namespace drainlab::gate
