// How the gate's threads stand in the kernel, as the daemon asks again and again.
#pragma once
#include "fusefs/gate/thread_place.hpp"

#include <sys/types.h>

#include <unordered_map>

namespace drainlab::gate {

/// How a thread of the gate stands in the kernel.
enum class thread_state {
    running,  ///< or not to be told
    asleep,   ///< it waits for the answer to its FUSE_STATFS, or for a command
    blocked,  ///< it waits for s_umount behind a queued writer
    gone,
};

/// Remembers whom it was asked about: a second look at a thread is one system call. Thread: one at a time.
class thread_states {
  public:
    /// From /proc, in some microseconds.
    thread_state of(pid_t tid);

  private:
    void forget_ended();

    std::unordered_map<pid_t, thread_watch> watched_;
    std::size_t forget_at_{32};
};

}  // namespace drainlab::gate
