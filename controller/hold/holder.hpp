// A process that keeps a mount busy, and proof that it does.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/hold/kinds.hpp"
#include "controller/machine/child.hpp"
#include "controller/machine/process.hpp"

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

namespace drainlab::hold {

/// What was found out about a hold.
struct proof {
    bool kernel_asked = false;  ///< umount2(MNT_EXPIRE) was allowed: it says EBUSY or not, and unmounts nothing
    bool busy = false;          ///< what it said
    bool seen = false;          ///< /proc shows the holder on the mount
};

/// A child that holds `dir`. It lets go and takes away what it made when release() is called, when this object goes,
/// and when this process dies; what it leaves when it is killed is removed by this object.
///
/// Thread: one; the process must have no other (it forks).
class holder {
  public:
    /// Returns when it holds. Exit 2 where `dir` is no mount point; 4 with the failed step where we lack a right.
    static client::result<holder> take(kind k, const std::string& dir);
    holder(holder&& other) noexcept;
    holder& operator=(holder&&) = delete;
    ~holder();

    /// The process that holds. Killing it ends the hold.
    pid_t pid() const noexcept { return left_.holder_child > 0 ? left_.holder_child : process_.pid(); }
    kind by() const noexcept { return kind_; }
    /// Asks the kernel and /proc. A failure (exit 5) when the mount is not held as it should be.
    client::result<proof> verify() const;
    /// Waits until the holder has ended by itself or `length` is over. True: it ended. Signals of the caller's mask
    /// that are pending end the wait too.
    bool wait(std::chrono::nanoseconds length) const;
    void release();

  private:
    holder() = default;
    kind kind_{};
    std::string dir_, scratch_;
    unsigned major_{}, minor_{};
    traces left_;
    machine::child process_;
    machine::watched_process other_;  ///< left_.holder_child
    os::unique_fd lifeline_;
};

/// Whether umount2(2) would find `dir` busy, without unmounting it: MNT_EXPIRE only marks an idle mount, and the mark
/// is taken off again. Nothing where we may not ask.
std::optional<bool> ask_busy(const std::string& dir);

}  // namespace drainlab::hold
