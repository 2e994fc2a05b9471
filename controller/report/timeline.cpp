#include "controller/report/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace drainlab::report {
namespace {

struct pair_of_events {
    const char *begin, *end, *what;
};
constexpr pair_of_events pairs[] = {{"umount_called", "umount_returned", "umount"},
                                    {"sb_inactive", "dead", "generic_shutdown_super"},
                                    {"drain_begins", "drained", "cgroup_writeback_umount"},
                                    {"rcu_gp_start", "rcu_gp_end", "grace period"}};

std::int64_t length_of(const traced_event& e) {
    for (const auto& [key, v] : e.values)
        if (key == "ns") return v;
    return 0;
}

std::string track_of(const traced_event& e) {
    return e.name.starts_with("rcu_gp_") ? "rcu" : e.mount.empty() ? "machine" : e.mount;
}

}  // namespace

timeline timeline_of(const std::vector<traced_event>& events) {
    timeline line;
    std::map<std::pair<std::string, std::string>, std::int64_t> open;  // what, track
    std::int64_t last = 0;
    for (const auto& e : events) {
        if (e.name == "runs") {
            line.spans.push_back({fmt::format("CPU {}", e.cpu.value_or(0)), e.task, e.t_ns, e.t_ns + length_of(e)});
            continue;
        }
        last = std::max(last, e.t_ns);
        line.instants.push_back(&e);
        for (const auto& p : pairs) {
            if (e.name == p.begin) open[{p.what, track_of(e)}] = e.t_ns;
            if (e.name != p.end) continue;
            const auto begun = open.find({p.what, track_of(e)});
            if (begun == open.end()) continue;  // it began before the recording
            line.spans.push_back({track_of(e), p.what, begun->second, e.t_ns});
            open.erase(begun);
        }
    }
    for (const auto& [what, from] : open) line.spans.push_back({what.second, what.first, from, std::max(from, last)});
    return line;
}

std::string kernel_name(const std::string& event) {
    static const std::map<std::string, std::string> names{
        {"umount_called", "sys_umount__entry"},
        {"umount_returned", "sys_umount__return"},
#define DRAINLAB_PROBE(event_name, probe_name) {event_name, #probe_name},
#include "fusefs/trace/probes.inc"
#undef DRAINLAB_PROBE
    };
    const auto at = names.find(event);
    return at == names.end() ? one_word(event) : at->second;
}

std::vector<traced_event> events_of_samples(const cell& c) {
    std::vector<traced_event> all;
    std::int64_t at = 0;
    std::size_t n = 0;
    for (const auto& s : samples_of(c)) {
        const auto mount = fmt::format("{}.{}", c.scenario, n++);
        const auto add = [&](const char* name, std::optional<std::uint64_t> ns) {
            if (ns) all.push_back({at + static_cast<std::int64_t>(*ns), name, mount, "umount", {}, {}});
        };
        add("umount_called", 0);
        add("detached", s.detached_ns);
        add("drain_begins", s.drain_begins_ns);
        if (s.drain_begins_ns && s.in_flight_at_entry)
            all.back().values.emplace_back("in_flight", static_cast<std::int64_t>(*s.in_flight_at_entry));
        add("drained", s.drained_ns);
        add("dead", s.dead_ns);
        add("umount_returned", s.umount_ns);
        at += static_cast<std::int64_t>(std::max(s.umount_ns, s.dead_ns.value_or(0))) + 1'000'000;
    }
    return all;
}

std::string seconds_text(std::int64_t ns) {
    const auto positive = std::max<std::int64_t>(ns, 0);
    return fmt::format("{:>5}.{:09}", positive / 1'000'000'000, positive % 1'000'000'000);
}

std::string one_word(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == ':' || c == 0x7f; }, '_');
    return text;
}

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
    return text;
}

}  // namespace drainlab::report
