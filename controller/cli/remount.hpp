// `drainctl mount DIR --remount`: what of a mount that is there can change.
#pragma once

#include "controller/cli/mount_options.hpp"

#include <string>

namespace drainlab::cli {

/// Changes policy, page cache, umount delay and device latency of the mount on `dir`
/// to what is asked for. All else that is asked for has to be as it is, or nothing
/// changes (exit 2 names what differs). Faults stay: `drainctl fault` changes them.
result<nlohmann::json> remount(const std::string& dir, const std::string& socket, const mount_options& o);

}  // namespace drainlab::cli
