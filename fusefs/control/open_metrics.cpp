// GET /metrics.
#include "fusefs/control/views.hpp"

#include <fmt/format.h>

namespace drainlab::control {

namespace {

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
