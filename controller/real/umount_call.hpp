// The thing measured: the wall clock around a real unmount.
#pragma once

#include "controller/client/failure.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>

namespace drainlab::real {

/// What the clock is around.
enum class umount_way {
    umount8,  ///< the program umount(8), from before posix_spawn until its end is seen; fusermount3 -u when not root
    syscall,  ///< umount2(2) in a child, the clock around the call alone
};

/// One unmount: when it was called, and how long it took.
struct umount_timing {
    std::uint64_t called_ns = 0;  ///< CLOCK_MONOTONIC
    std::uint64_t took_ns = 0;
    bool busy = false;  ///< it failed with EBUSY; nothing was unmounted
};

/// Unmounts `dir`. `scratch` is a directory for what the program prints. Fails when the unmount does for another reason
/// than EBUSY. Several may run at once.
boost::asio::awaitable<client::result<umount_timing>> timed_umount(boost::asio::any_io_executor executor,
                                                                   umount_way way, std::string dir,
                                                                   std::string scratch);

}  // namespace drainlab::real
