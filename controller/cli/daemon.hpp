// Small things that several commands ask the daemon.
#pragma once

#include "controller/cli/command.hpp"
#include "controller/client/client.hpp"

namespace drainlab::cli {

/// A client for `--socket`, or for the default socket.
result<client::blocking_client> daemon_on(const std::string& socket_option);

/// The daemon's MOUNT that lives (or dies) on `dir` with device `dev`; null when it has none such.
result<nlohmann::json> mount_on(const client::blocking_client& daemon, const std::string& dir, const std::string& dev);

/// Whether the failure says that nobody listens there.
bool nobody_there(const failure& why);

/// `"42"`: a MOUNT's id as a path component.
std::string id_of(const nlohmann::json& mount);

}  // namespace drainlab::cli
