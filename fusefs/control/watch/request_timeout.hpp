// The kernel's own limit on how long a FUSE request may wait: fs.fuse.default_request_timeout and max_request_timeout,
// Linux 6.14.
#pragma once
#include <chrono>
#include <string>

namespace drainlab::control {

/// What is in force for a daemon that asks for none; 0: no limit. `folder` has the two files.
std::chrono::seconds request_timeout(const std::string& folder = "/proc/sys/fs/fuse");
/// A sentence for whoever mounts; empty without a limit.
std::string request_timeout_warning(std::chrono::seconds limit);

}  // namespace drainlab::control
