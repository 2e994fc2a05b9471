// What `drainctl watch` shows of one moment: pure, so that it can be tested.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// Answers of the daemon (docs/api.md) at an instant.
struct watch_moment {
    std::chrono::steady_clock::time_point at;
    std::vector<nlohmann::json> mounts;  ///< MOUNT, those that are not gone
    nlohmann::json counters, waiting = nlohmann::json::array();
    std::map<std::string, std::vector<std::string>> holders;  ///< by the mount's id: who uses it, in words
};

/// The place there is.
struct screen {
    int columns = 80, rows = 24;
};

/// The whole screen: it has room in `size`, whatever there is to show; rates since `before`.
std::string frame_of(const watch_moment& now, const std::optional<watch_moment>& before, screen size);
/// One line of the same.
std::string line_of(const watch_moment& now, const std::optional<watch_moment>& before);

}  // namespace drainlab::cli
