// Who is calling: a thread id becomes the memcg that pays.
#pragma once
#include "fusefs/kernel/memcg.hpp"

#include <sys/types.h>

#include <cstdint>

namespace drainlab::fuse {

/// One interface, two ways: the caller's cgroup (cgroup_identity) or its session (session_identity). Thread: loop.
class identity {
  public:
    virtual ~identity() = default;
    /// The memcg of thread `tid`, made on first sight and watched from then on. Ask
    /// before the request is answered: until then the caller can neither exit nor
    /// move itself. Null if it cannot be told (tid 0: outside our pid namespace).
    virtual kernel::memcg_ptr of(pid_t tid) = 0;
    /// "cgroup" or "session".
    virtual const char* kind() const noexcept = 0;
    /// How the death of a memcg is noticed: "inotify" (its cgroup's directory went), or "poll": by pidfds, when the
    /// last of the threads seen in it has exited. Both at once; the second knows nothing of members that never called.
    virtual const char* death() const noexcept = 0;
    /// Whether a memcg lives as long as those that of() has seen in it, so that it has to see every caller, also one
    /// that nothing is charged to.
    virtual bool counts_members() const noexcept { return true; }
};

}  // namespace drainlab::fuse
