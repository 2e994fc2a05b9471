// Where a batch unmounts, and how its time passes.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace drainlab::strategy {

/// A machine, as far as a batch needs one besides its files. Thread: any, several at once.
class ground {
  public:
    virtual ~ground() = default;
    /// The clock by which the daemon tells its phases.
    virtual std::int64_t now_ns() = 0;
    /// umount2(2): 0 or errno.
    virtual int unmount(const std::string& dir, bool lazily) = 0;
    /// Blocks the calling thread.
    virtual void pause(std::chrono::nanoseconds length) = 0;
    /// Closes `fd`, which is its own from now on, after that time. Returns at once.
    virtual void close_after(int fd, std::chrono::nanoseconds length) = 0;
    /// Returns when all those are closed.
    virtual void wait_closed() = 0;
};

/// This machine. Goes when all is closed.
std::unique_ptr<ground> make_real_ground();

}  // namespace drainlab::strategy
