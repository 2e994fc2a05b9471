// Small things that several commands ask the daemon.
#pragma once

#include "controller/cli/command.hpp"
#include "controller/client/client.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/mountinfo.hpp"

namespace drainlab::cli {

/// A client for `--socket`, or for the default socket.
result<client::blocking_client> daemon_on(const std::string& socket_option);

/// GET, asked again for up to 1 s when the connection ended without an answer: a daemon that is leaving closes those it
/// no longer answers, and a moment later nobody listens (`no_daemon`) or its successor does.
result<nlohmann::json> ask(const client::blocking_client& daemon, const std::string& target,
                           std::chrono::milliseconds limit = client::default_call_timeout);

/// The daemon's MOUNT that is this line of our mountinfo, by its identity; null when it has none such. `copied` (if
/// given): whether it serves the same superblock by another mount: the line is a bind mount of it, or its copy in
/// another mount namespace.
result<nlohmann::json> mount_on(const client::blocking_client& daemon, const os::mount_line& line,
                                std::chrono::milliseconds limit, bool* copied = nullptr);

/// What a MOUNT says of its identity; one that says nothing of it is nobody.
os::mount_identity identity_of(const nlohmann::json& mount);

/// `why`, but for one that says that no answer came in time: that then names the daemon's process and what it is doing.
failure not_answering(const std::string& socket, failure why);

/// Whether the failure says that nobody listens there.
bool nobody_there(const failure& why);

/// `"42"`: a MOUNT's id as a path component.
std::string id_of(const nlohmann::json& mount);

}  // namespace drainlab::cli
