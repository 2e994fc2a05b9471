// A mount.
#include "fusefs/control/views_parts.hpp"
#include "fusefs/gate/device.hpp"
#include "fusefs/os/printable.hpp"

namespace drainlab::control {

using nlohmann::json;

namespace {

json device_json(const device_limits& d) {
    json errors = json::array();
    for (const auto& e : d.errors)
        errors.push_back(
            {{"op", e.op}, {"path", e.path}, {"probability", e.probability}, {"errno", e.error}, {"seed", e.seed}});
    return object({{"latency_us", d.latency_us},
                   {"bandwidth_bytes_per_s", d.bandwidth_bytes_per_s},
                   {"iops", d.iops},
                   {"flush_us", d.flush_us},
                   {"errors", std::move(errors)}});
}

/// Names the mount for good, together with the daemon's pid and start time in /health.
json identity_json(const os::mount_identity& who) {
    if (!who) return {};
    return object({{"dev", gate::device_text(who.dev)},
                   {"unique_id", who.id != 0 ? json(who.id) : json()},
                   {"mount_id", who.table_id != 0 ? json(who.table_id) : json()},
                   {"mount_namespace", who.ns != 0 ? json(who.ns) : json()}});
}

json observed_json(const mount_view& v) {
    json errors = json::array();
    for (const auto& [matched, injected] : v.device_errors)
        errors.push_back({{"matched", matched}, {"injected", injected}});
    return object({{"requests", times_json(v.device_use.requests)},
                   {"metadata", times_json(v.device_use.metadata)},
                   {"bytes", v.device_use.bytes},
                   {"flushes", times_json(v.device_use.flushes)},
                   {"errors", std::move(errors)}});
}

json store_calls_json(const mount_view& v) {
    json list = json::array();
    for (const auto& c : v.store_calls)
        list.push_back({{"call", c.call}, {"file", text_or_null(os::to_printable(c.file))}, {"since_ns", c.since_ns}});
    return list;
}

json lost_json(const mount_view& v) {
    json list = json::array();
    for (const auto& l : v.lost)
        list.push_back({{"path", os::to_printable(l.path)}, {"bytes", l.bytes}, {"error", l.error}});
    return list;
}

json faults_json(const mount_view& v) {
    json list = json::array();
    for (const auto& f : v.faults) list.push_back(to_json(f));
    return list;
}

}  // namespace

json to_json(const mount_view& v) {
    json phases = json::object();
    for (std::size_t i = 0; i < phase_count; ++i)
        phases[std::string{to_string(static_cast<phase>(i))}] = instant_or_null(v.phases_ns[i]);
    return object({{"id", v.id},
                   {"name", os::to_printable(v.name)},
                   {"dir", os::to_printable(v.dir)},
                   {"dev", gate::device_text(v.who.dev)},
                   {"identity", identity_json(v.who)},
                   {"state", to_string(v.state)},
                   {"policy", v.policy},
                   {"profile", v.profile},
                   {"store", v.store ? json(os::to_printable(*v.store)) : json()},
                   {"page_cache", v.keep_pages ? "keep" : "drop"},
                   {"umount_wait", v.gated ? "gate" : "api"},
                   {"allow_other", v.allow_other},
                   {"options", v.options},
                   {"bdi", or_null(v.bdi)},
                   {"with_pid", or_null(v.with_pid)},
                   {"umount_delay_ms", v.umount_delay.count()},
                   {"lose_unsynced", v.lose_unsynced},
                   {"unsynced", object({{"power_cuts", v.unsynced.power_cuts},
                                        {"dropped_bytes", v.unsynced.dropped_bytes},
                                        {"early_bytes", v.unsynced.early_bytes}})},
                   {"device", device_json(v.device)},
                   {"device_observed", observed_json(v)},
                   {"faults", faults_json(v)},
                   {"phases_ns", std::move(phases)},
                   {"isw_in_flight", v.isw_in_flight},
                   {"switches", switches_json(v.switches)},
                   {"drain", drain_json(v.drain, {"in_flight_at_entry",
                                                  v.drain.calls ? json(v.drain.in_flight_at_entry) : json()})},
                   {"open_files", v.open_files},
                   {"inodes", v.inodes},
                   {"dirty_bytes", v.dirty_bytes},
                   {"guessed_bytes", v.guessed_bytes},
                   {"unknown_caller", v.unknown_caller},
                   {"store_calls", store_calls_json(v)},
                   {"lost", lost_json(v)},
                   {"silent_store_failures", v.silent_failures},
                   {"violations", violations_json(v.violations)}});
}

}  // namespace drainlab::control
