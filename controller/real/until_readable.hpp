// Waiting, in a coroutine, for something to read.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

namespace drainlab::real {

/// Returns once `d` has something to read, is at its end, or is a pidfd whose process has ended: see
/// os::readable(). An error: the wait was cancelled, or cannot be made. `d` stays where it is meanwhile.
boost::asio::awaitable<boost::system::error_code> until_readable(boost::asio::posix::stream_descriptor& d);

}  // namespace drainlab::real
