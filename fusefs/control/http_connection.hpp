// One client of the control socket: reads requests, waits for
// their answers, notices when the client hangs up meanwhile.
#pragma once
#include "fusefs/control/http.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <cstddef>
#include <memory>

namespace drainlab::control {

/// What all connections share with the server. `open` is false once the server has gone.
struct http_state {
    trace::hub& events;
    http_handler handler;
    mount_naming name_of;
    bool open{true};
    std::size_t connections{};
};

/// Serves `socket` until its client goes, the server closes, or an answer says so. `last_resort`: it has the
/// descriptor that was kept back, so it gets one answer, and no wait. Keeps itself alive. Thread: the loop's.
void serve_connection(boost::asio::local::stream_protocol::socket socket, std::shared_ptr<http_state> state,
                      bool last_resort);

}  // namespace drainlab::control
