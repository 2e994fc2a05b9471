// What the daemon's JSON (docs/api.md) says, as the values the report is made of.
#pragma once

#include "controller/result/collect.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>

namespace drainlab::real {

/// A MOUNT of an unmounted target. `called_ns` is CLOCK_MONOTONIC when the call began; phases are made relative to it
/// (one that is earlier counts as 0). `umount_ns` is left to the caller.
report::umount_sample umount_of(const nlohmann::json& mount, std::uint64_t called_ns);

/// COUNTERS since the last take, without the unmounts.
report::cycle_sample cycle_of(const nlohmann::json& counters);

/// Fills what GET /health knows.
void environment_of(const nlohmann::json& health, report::environment_info& into);

}  // namespace drainlab::real
