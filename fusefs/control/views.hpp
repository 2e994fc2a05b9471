// The answers of the API as JSON (docs/api.md) and as OpenMetrics.
#pragma once
#include "fusefs/control/counters.hpp"
#include "fusefs/control/mount.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace drainlab::control {

nlohmann::json to_json(const mount_view& v);
nlohmann::json to_json(const counters& c);
nlohmann::json to_json(const kernel::violation& v);
/// GET /metrics: counters and the living mounts, in the OpenMetrics text format.
std::string to_open_metrics(const counters& c, const std::vector<mount_view>& mounts);

}  // namespace drainlab::control
