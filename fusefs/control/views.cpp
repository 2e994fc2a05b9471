#include "fusefs/control/views.hpp"

#include "fusefs/gate/device.hpp"
#include "fusefs/os/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drainlab::control {

using nlohmann::json;

namespace {

template <class T>
json or_null(const std::optional<T>& v) {
    return v ? json(*v) : json();
}
json instant_or_null(std::int64_t ns) { return ns != 0 ? json(ns) : json(); }
json text_or_null(const std::string& s) { return s.empty() ? json() : json(s); }

json switches_json(const kernel::switch_stats& s) {
    using kernel::producer;
    const auto of = [&](producer p) { return s.by_producer[static_cast<std::size_t>(p)]; };
    return {{"queued", s.queued},
            {"done", s.done},
            {"inodes", s.inodes},
            {"by_producer",
             {{"vote", of(producer::vote)}, {"offline", of(producer::offline)}, {"blkcg", of(producer::blkcg)}}}};
}

json parts_json(const kernel::drain_stats& d) {
    return {{"synchronize", d.synchronize_ns}, {"barrier", d.barrier_ns}, {"flush", d.flush_ns}};
}

json violations_json(const std::vector<kernel::violation>& all) {
    json list = json::array();
    for (const auto& v : all) list.push_back(to_json(v));
    return list;
}

/// A label's value, as OpenMetrics wants it.
std::string label(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

}  // namespace

json to_json(const kernel::violation& v) {
    return {{"invariant", v.invariant},
            {"message", v.message},
            {"producer", text_or_null(v.producer)},
            {"policy", text_or_null(v.policy)},
            {"mount", text_or_null(os::to_printable(v.mount))},
            {"t_ns", v.when.time_since_epoch().count()}};
}

namespace {

json device_json(const device_limits& d) {
    json errors = json::array();
    for (const auto& e : d.errors)
        errors.push_back(
            {{"op", e.op}, {"path", e.path}, {"probability", e.probability}, {"errno", e.error}, {"seed", e.seed}});
    return {{"latency_us", d.latency_us},
            {"bandwidth_bytes_per_s", d.bandwidth_bytes_per_s},
            {"iops", d.iops},
            {"flush_us", d.flush_us},
            {"errors", errors}};
}

/// Names the mount for good, together with the daemon's pid and start time in /health.
json identity_json(const os::mount_identity& who) {
    if (!who) return {};
    return {{"dev", gate::device_text(who.dev)},
            {"unique_id", who.id != 0 ? json(who.id) : json()},
            {"mount_id", who.table_id != 0 ? json(who.table_id) : json()},
            {"mount_namespace", who.ns != 0 ? json(who.ns) : json()}};
}

template <class Times>
json times_json(const Times& t) {
    return {{"count", t.count},
            {"wanted_ns", t.wanted.count()},
            {"took_ns", t.took.count()},
            {"most_late_ns", t.most_late.count()}};
}

json observed_json(const mount_view& v) {
    json errors = json::array();
    for (const auto& [matched, injected] : v.device_errors)
        errors.push_back({{"matched", matched}, {"injected", injected}});
    return {{"requests", times_json(v.device_use.requests)},
            {"metadata", times_json(v.device_use.metadata)},
            {"bytes", v.device_use.bytes},
            {"flushes", times_json(v.device_use.flushes)},
            {"errors", errors}};
}

}  // namespace

namespace {

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

}  // namespace

json to_json(const mount_view::fault_view& f) {
    const fault::rule& r = f.asked;
    json ops = json::array();
    for (std::size_t i = 0; i < fault::operation_count; ++i)
        if (r.ops[i]) ops.push_back(fault::operation_words[i]);
    const auto us = [](auto d) { return std::chrono::duration_cast<std::chrono::microseconds>(d).count(); };
    const auto& o = f.saw;
    return {{"name", r.name},
            {"asked",
             {{"op", r.ops == fault::any_operation() ? json("any") : ops},
              {"path", r.path},
              {"delay_us", us(r.delay)},
              {"hang", r.hang.has_value()},
              {"limit_ms", r.hang ? json(us(*r.hang) / 1000) : json()},
              {"errno", r.error ? json(storage::errno_name(r.error)) : json()},
              {"torn_write", or_null(r.torn_write)},
              {"drop_fsync", r.drop_fsync},
              {"probability", r.probability},
              {"seed", r.seed},
              {"times", or_null(r.times)},
              {"after", r.after},
              {"pid", or_null(r.pid)},
              {"cgroup", text_or_null(r.cgroup)}}},
            {"observed",
             {{"matched", o.matched},
              {"injected", o.injected},
              {"under_way", o.under_way},
              {"held", o.held},
              {"answered", o.answered},
              {"gone", o.gone},
              {"interrupted", o.interrupted},
              {"ended", o.ended},
              {"released", o.released},
              {"limit_reached", o.limit_reached},
              {"delays", times_json(o.delays)},
              {"longest_hang_ns", o.longest_hang.count()},
              {"bytes_asked", o.bytes_asked},
              {"bytes_dropped", o.bytes_dropped},
              {"wrong_answers", o.wrong_answers}}},
            {"as_asked", f.as_asked}};
}

namespace {

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
    return {{"id", v.id},
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
            {"unsynced",
             {{"power_cuts", v.unsynced.power_cuts},
              {"dropped_bytes", v.unsynced.dropped_bytes},
              {"early_bytes", v.unsynced.early_bytes}}},
            {"device", device_json(v.device)},
            {"device_observed", observed_json(v)},
            {"faults", faults_json(v)},
            {"phases_ns", phases},
            {"isw_in_flight", v.isw_in_flight},
            {"switches", switches_json(v.switches)},
            {"drain",
             {{"calls", v.drain.calls},
              {"waited", v.drain.waited},
              {"ns", v.drain.ns},
              {"parts_ns", parts_json(v.drain)},
              {"modelled_ns", v.drain.modelled_ns},
              {"in_flight_at_entry", v.drain.calls ? json(v.drain.in_flight_at_entry) : json()}}},
            {"open_files", v.open_files},
            {"inodes", v.inodes},
            {"dirty_bytes", v.dirty_bytes},
            {"guessed_bytes", v.guessed_bytes},
            {"unknown_caller", v.unknown_caller},
            {"store_calls", store_calls_json(v)},
            {"lost", lost_json(v)},
            {"silent_store_failures", v.silent_failures},
            {"violations", violations_json(v.violations)}};
}

json to_json(const counters& c) {
    return {{"since_ns", c.since_ns},
            {"isw_nr_in_flight", c.isw_nr_in_flight},
            {"switches", switches_json(c.switches)},
            {"violations", violations_json(c.violations)},
            {"drain",
             {{"calls", c.drain.calls},
              {"waited", c.drain.waited},
              {"ns", c.drain.ns},
              {"parts_ns", parts_json(c.drain)},
              {"modelled_ns", c.drain.modelled_ns},
              {"in_flight_sum", c.drain.in_flight_at_entry}}},
            {"samples",
             {{"synchronize", c.samples.synchronize},
              {"barrier", c.samples.barrier},
              {"expedited", c.samples.expedited},
              {"switch", c.samples.switches}}},
            {"grace_periods", c.grace_periods},
            {"writeback_rounds", c.writeback_rounds},
            {"loop_lag_us", {{"p50", c.loop_lag.p50_us}, {"p99", c.loop_lag.p99_us}, {"max", c.loop_lag.max_us}}},
            {"requests", c.requests},
            {"guessed_bytes", c.guessed_bytes},
            {"unknown_caller", c.unknown_caller},
            {"memcgs", {{"online", c.memcgs_online}, {"dying", c.memcgs_dying}}},
            {"wbs", c.wbs}};
}

json to_json_with_samples(const counters& c) {
    json all = to_json(c);
    all["rcu_ns"] = {{"synchronize", c.rcu.synchronize},
                     {"barrier", c.rcu.barrier},
                     {"expedited", c.rcu.expedited},
                     {"switch", c.switch_ns}};
    return all;
}

std::string to_open_metrics(const counters& c, const std::vector<mount_view>& mounts, const umount_times& times) {
    std::string out;
    const auto counter = [&](const char* name, const char* help, auto value) {
        out += fmt::format("# TYPE {0} counter\n# HELP {0} {1}\n{0}_total {2}\n", name, help, value);
    };
    const auto gauge = [&](const char* name, const char* help, auto value) {
        out += fmt::format("# TYPE {0} gauge\n# HELP {0} {1}\n{0} {2}\n", name, help, value);
    };
    const auto seconds = [](std::int64_t ns) { return static_cast<double>(ns) / 1e9; };
    counter("drainfs_requests", "FUSE requests read", c.requests);
    counter("drainfs_switches_queued", "Inode wb switches queued", c.switches.queued);
    counter("drainfs_switches_done", "Inode wb switches done", c.switches.done);
    counter("drainfs_drains", "Calls of cgroup_writeback_umount()", c.drain.calls);
    counter("drainfs_drains_waited", "Calls of cgroup_writeback_umount() that had to wait", c.drain.waited);
    counter("drainfs_drain_seconds", "Time spent in cgroup_writeback_umount()", seconds(c.drain.ns));
    counter("drainfs_grace_periods", "RCU grace periods of the model", c.grace_periods);
    counter("drainfs_writeback_rounds", "Writeback rounds", c.writeback_rounds);
    counter("drainfs_violations", "Broken invariants", c.violations.size());
    gauge("drainfs_switches_in_flight", "isw_nr_in_flight", c.isw_nr_in_flight);
    gauge("drainfs_memcgs_online", "Memory cgroups known and online", c.memcgs_online);
    gauge("drainfs_memcgs_dying", "Memory cgroups removed and still referenced", c.memcgs_dying);
    gauge("drainfs_wbs", "Writeback contexts", c.wbs);
    gauge("drainfs_loop_lag_p99_seconds", "Lateness of the loop thread, 99th percentile", c.loop_lag.p99_us / 1e6);
    out += "# TYPE drainfs_mount_state gauge\n# HELP drainfs_mount_state State of each mount that is not gone\n";
    std::string dirty = "# TYPE drainfs_mount_dirty_bytes gauge\n# HELP drainfs_mount_dirty_bytes Dirty page cache\n";
    for (const auto& m : mounts) {
        if (m.state == mount_state::gone) continue;
        for (const auto s : {mount_state::live, mount_state::detached, mount_state::dying, mount_state::dead})
            out += fmt::format("drainfs_mount_state{{mount=\"{}\",drainfs_mount_state=\"{}\"}} {}\n", label(m.name),
                               to_string(s), m.state == s ? 1 : 0);
        dirty += fmt::format("drainfs_mount_dirty_bytes{{mount=\"{}\"}} {}\n", label(m.name), m.dirty_bytes);
    }
    return out + dirty + to_open_metrics(times) + "# EOF\n";
}

}  // namespace drainlab::control
