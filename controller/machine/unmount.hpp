// Unmounting: the system call is made by a child, so that we can always be interrupted and killed.
#pragma once

#include "controller/machine/child.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace drainlab::machine {

enum class unmount_kind { plain, lazy, force };

/// What came of one try.
struct unmount_outcome {
    int error = 0;                               ///< errno of umount2(2), 0 when it worked; EBUSY also from fusermount3
    bool finished = false;                       ///< false: still in the system call when `limit` was over
    pid_t child = -1;                            ///< the child that still waits, when not finished
    bool by_fusermount = false;                  ///< done by fusermount3 -u for want of the right to umount2(2)
    std::string said;                            ///< what fusermount3 printed
    std::chrono::nanoseconds started{}, took{};  ///< CLOCK_MONOTONIC; `took` is measured in the child around the call
};

/// One umount2(2) in a child of ours, UMOUNT_NOFOLLOW always set. Ownership: the child; if it is still in the call when
/// this object goes, it is left to finish by itself: it belongs to nobody's terminal and holds no descriptor of ours.
class unmount_call {
  public:
    static result<unmount_call> start(const std::string& dir, unmount_kind kind);
    unmount_call(unmount_call&&) noexcept = default;
    unmount_call& operator=(unmount_call&&) = delete;
    ~unmount_call();

    /// Readable once the call has returned. Ours.
    int fd() const noexcept { return answer_.get(); }
    /// Waits at most `limit` for it. Once.
    unmount_outcome wait(std::chrono::milliseconds limit);

  private:
    unmount_call(child process, os::unique_fd answer) : process_{std::move(process)}, answer_{std::move(answer)} {}
    child process_;
    os::unique_fd answer_;
};

/// Unmounts `dir` (absolute) in a child and waits at most `limit`. EPERM from umount2(2) is followed by one try with
/// `fusermount3 -u` (-uz when lazy); force has no such way.
result<unmount_outcome> unmount(const std::string& dir, unmount_kind kind, std::chrono::milliseconds limit);

}  // namespace drainlab::machine
