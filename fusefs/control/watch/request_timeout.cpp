#include "fusefs/control/watch/request_timeout.hpp"

#include <algorithm>
#include <fstream>

namespace drainlab::control {

std::chrono::seconds request_timeout(const std::string& folder) {
    const auto read = [&](const char* name) {
        long value = 0;
        std::ifstream{folder + "/" + name} >> value;
        return std::chrono::seconds{std::max(value, 0L)};
    };
    const auto usual = read("default_request_timeout"), most = read("max_request_timeout");
    if (usual.count() == 0 || most.count() == 0) return std::max(usual, most);
    return std::min(usual, most);
}

std::string request_timeout_warning(std::chrono::seconds limit) {
    if (limit.count() == 0) return {};
    return "the kernel ends a FUSE connection whose request waits for " + std::to_string(limit.count()) +
           " s (fs.fuse.max_request_timeout or default_request_timeout): a drain that takes longer is cut off, with "
           "all that "
           "the mount's users have open; sysctl both to 0";
}

}  // namespace drainlab::control
