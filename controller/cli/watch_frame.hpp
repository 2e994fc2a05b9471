// What `drainctl watch` shows of one moment: pure, so that it can be tested.
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// Answers of the daemon (docs/api.md) at an instant.
struct watch_moment {
    std::chrono::steady_clock::time_point at;
    std::vector<nlohmann::json> mounts;  ///< MOUNT, those that are not gone
    nlohmann::json counters, waiting = nlohmann::json::array();
};

/// The whole screen, no line longer than `columns`; rates since `before`.
std::string frame_of(const watch_moment& now, const std::optional<watch_moment>& before, int columns);
/// One line of the same.
std::string line_of(const watch_moment& now, const std::optional<watch_moment>& before);

}  // namespace drainlab::cli
