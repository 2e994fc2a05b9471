// Who holds a mount: looked up by drainctl, as a program of its own. The daemon itself looks at no other process.
#pragma once
#include "fusefs/control/api_error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace boost::asio {
class io_context;
}

namespace drainlab::control {

/// Runs `drainctl why --json` for a mount of the daemon on `socket`, beside the loop and for 6 s at most; `done`
/// gets its document (drainlab.why/1), or why there is none: the mount has gone meanwhile (404), too many are looked
/// for at a time (503), no answer in time (504), drainctl cannot be run (501).
/// Thread: the loop's; `done` is called from the loop.
void find_why(boost::asio::io_context& io, const std::string& socket, std::uint32_t mount,
              std::function<void(const api_result<nlohmann::json>&)> done);

}  // namespace drainlab::control
