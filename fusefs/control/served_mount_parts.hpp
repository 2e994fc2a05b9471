// Private to served_mount*.cpp.
#pragma once
#include "fusefs/control/served_mount.hpp"
#include "fusefs/storage/device_errors.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace drainlab::control {

/// What a mount waits for on the loop: the limit of its drain, its clearing away, the end of `with_pid`.
struct served_mount::timers {
    explicit timers(boost::asio::io_context& io) : limit{io}, clearing{io}, companion{io} {}
    boost::asio::steady_timer limit, clearing;
    boost::asio::posix::stream_descriptor companion;  // pidfd of with_pid
};

/// As the store wants them.
storage::device_limits to_storage(const device_limits& d);
/// The device's error rules as the store wants them; checked by parse_mount_request() before.
std::vector<storage::error_rule> error_rules(const device_limits& d);

inline std::int64_t to_ns(kernel::instant t) { return t.time_since_epoch().count(); }

}  // namespace drainlab::control
