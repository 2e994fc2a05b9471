// GET /events of the daemon, as it comes.
#pragma once

#include "controller/result/result.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <vector>

namespace drainlab::real {

/// Reads the stream on the loop's thread until the connection or the loop
/// ends, and hands over each event. Lines that are none are passed over.
boost::asio::awaitable<void> read_events(std::string socket, std::function<void(report::traced_event)> take);

/// One line of the stream, `data: {"t_ns":..,"event":..,...}`; nothing if it is none.
std::optional<report::traced_event> parse_event(const std::string& line);

}  // namespace drainlab::real
