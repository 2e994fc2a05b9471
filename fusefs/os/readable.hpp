// Whether a descriptor has something to read.
#pragma once
#include <poll.h>

namespace drainlab::os {

/// Also true at the end of what it has, and for a process' pidfd once that has ended. Does not wait.
///
/// A handler of asio's async_wait() has to ask before it believes: of a descriptor that is closed in the same turn of
/// the loop in which it became ready, that state can pass to the next one that is opened, whose handler is then called
/// though nothing is there. So handlers wait by when_readable(), coroutines of drainctl by real::until_readable().
inline bool readable(int fd) noexcept {
    pollfd p{fd, POLLIN, 0};
    return ::poll(&p, 1, 0) > 0;
}

}  // namespace drainlab::os
