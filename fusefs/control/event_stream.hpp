// One reader of /events.
#pragma once
#include "fusefs/control/http.hpp"
#include "fusefs/trace/hub.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace drainlab::control {

/// Which events a reader wants.
struct event_filter {
    std::optional<std::string> mount{};  ///< the mount's name
    std::optional<std::uint64_t>
        since{};  ///< first those that are still kept and whose number is higher: to go on after a break
    bool wants(const trace::event& e) const { return !mount || e.mount == *mount; }
};

/// The query of GET /events; an error names what is wrong with it.
api_result<event_filter> parse_event_filter(const http_request& r);

/// Sends the events of `events` that `filter` wants to `socket` as server-sent events,
/// until the reader goes. Keeps itself alive meanwhile; `hold` is let go with it. A reader
/// that is too slow loses events, and sees a gap in their numbers. Thread: the loop's.
void stream_events(boost::asio::local::stream_protocol::socket socket, trace::hub& events, event_filter filter,
                   std::shared_ptr<void> hold);

}  // namespace drainlab::control
