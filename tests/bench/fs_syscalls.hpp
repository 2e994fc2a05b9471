// How many system calls a daemon makes for one operation, counted by strace(1).
#pragma once
#include <sys/types.h>

#include <cstdint>

namespace drainlab::bench {

/// Counts from its beginning to stop(), all threads. What it counts
/// runs several times slower meanwhile: nothing is timed then.
class syscall_count {
  public:
    /// Returns once strace is attached; without it (not installed, not permitted) stop() says 0.
    explicit syscall_count(pid_t daemon);
    ~syscall_count() { stop(); }
    syscall_count(const syscall_count&) = delete;
    syscall_count& operator=(const syscall_count&) = delete;
    std::uint64_t stop();

  private:
    pid_t strace_{-1};
    int said_{-1};
};

}  // namespace drainlab::bench
