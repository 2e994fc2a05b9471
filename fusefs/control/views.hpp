// The answers of the API as JSON (docs/api.md) and as OpenMetrics.
#pragma once
#include "fusefs/control/counters.hpp"
#include "fusefs/control/mount_view.hpp"
#include "fusefs/control/umount_times.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace drainlab::control {

/// MOUNT of docs/api.md. Names and paths are printable in it.
nlohmann::json to_json(const mount_view& v);
/// FAULT: a rule, asked and observed side by side.
nlohmann::json to_json(const mount_view::fault_view& f);
/// COUNTERS of docs/api.md, without the samples.
nlohmann::json to_json(const counters& c);
/// The same, and what was sampled since the last take.
nlohmann::json to_json_with_samples(const counters& c);
/// VIOLATION of docs/api.md.
nlohmann::json to_json(const kernel::violation& v);
/// GET /metrics: counters, the living mounts and the times of those that are gone, in the OpenMetrics text format.
std::string to_open_metrics(const counters& c, const std::vector<mount_view>& mounts, const umount_times& times);

}  // namespace drainlab::control
