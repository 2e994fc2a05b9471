// Unmounting: the system call is made by a child, so that we can always be interrupted and killed.
#pragma once

#include "controller/client/failure.hpp"

#include <sys/types.h>

#include <chrono>
#include <string>

namespace drainlab::client {

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

/// Unmounts `dir` (absolute) in a child and waits at most `limit`. A child that is still inside the call then is left
/// to finish by itself: it belongs to nobody's terminal and holds no descriptor of ours. UMOUNT_NOFOLLOW is always set.
/// EPERM from umount2(2) is followed by one try with `fusermount3 -u` (-uz when lazy); force has no such way.
result<unmount_outcome> unmount(const std::string& dir, unmount_kind kind, std::chrono::milliseconds limit);

}  // namespace drainlab::client
