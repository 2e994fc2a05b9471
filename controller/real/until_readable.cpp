#include "controller/real/until_readable.hpp"

#include "fusefs/os/readable.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace drainlab::real {

namespace asio = boost::asio;

asio::awaitable<boost::system::error_code> until_readable(asio::posix::stream_descriptor& d) {
    boost::system::error_code ec;
    do {
        co_await d.async_wait(asio::posix::stream_descriptor::wait_read, asio::redirect_error(asio::use_awaitable, ec));
    } while (!ec && !os::readable(d.native_handle()));
    co_return ec;
}

}  // namespace drainlab::real
