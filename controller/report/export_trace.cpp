// Formats with a time line: Chrome's trace events, and the text of tracefs.
#include "controller/report/export.hpp"
#include "controller/report/timeline.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace drainlab::report {
namespace {

using json = nlohmann::ordered_json;

double us(std::int64_t ns) { return static_cast<double>(ns) / 1e3; }

/// Tracks of one process of the trace: made when first named.
class tracks {
  public:
    tracks(json& events, std::size_t process, const std::string& name) : events_{events}, process_{process} {
        events_.push_back({{"name", "process_name"}, {"ph", "M"}, {"pid", process}, {"args", {{"name", name}}}});
    }
    std::size_t of(const std::string& name) {
        const auto [at, fresh] = numbers_.emplace(name, numbers_.size() + 1);
        if (fresh)
            events_.push_back({{"name", "thread_name"},
                               {"ph", "M"},
                               {"pid", process_},
                               {"tid", at->second},
                               {"args", {{"name", name}}}});
        return at->second;
    }
    /// An asynchronous pair.
    void span(const std::string& track, const std::string& what, double from_us, double to_us,
              json args = json::object()) {
        const auto tid = of(track);
        const auto id = fmt::format("{}.{}.{}", process_, tid, ++spans_);
        events_.push_back({{"name", what},
                           {"cat", track},
                           {"ph", "b"},
                           {"id", id},
                           {"pid", process_},
                           {"tid", tid},
                           {"ts", from_us},
                           {"args", std::move(args)}});
        events_.push_back({{"name", what},
                           {"cat", track},
                           {"ph", "e"},
                           {"id", id},
                           {"pid", process_},
                           {"tid", tid},
                           {"ts", std::max(from_us, to_us)}});
    }
    void instant(const std::string& track, const std::string& what, double at_us, json args) {
        events_.push_back({{"name", what},
                           {"ph", "i"},
                           {"s", "t"},
                           {"pid", process_},
                           {"tid", of(track)},
                           {"ts", at_us},
                           {"args", std::move(args)}});
    }

  private:
    json& events_;
    std::size_t process_, spans_ = 0;
    std::map<std::string, std::size_t> numbers_;
};

/// Recorded events: a track per mount, per modelled CPU, and one for grace periods.
void add_recorded(tracks& to, const cell& c) {
    const auto line = timeline_of(c.events);
    for (const auto& s : line.spans) to.span(s.track, s.what, us(s.from_ns), us(s.to_ns));
    for (const auto& e : line.instants) {
        json args = json::object();
        for (const auto& [key, v] : e->values) args[key] = v;
        to.instant(e->mount.empty() ? "machine" : e->mount, kernel_name(e->name), us(e->t_ns), std::move(args));
    }
}

/// Without recorded events: unmounts one after another, by their phases.
void add_samples(tracks& to, const cell& c) {
    double at = 0;
    const std::string track = "unmounts one after another";
    for (const auto& s : samples_of(c)) {
        json args = json::object();
        if (s.in_flight_at_entry) args["in_flight"] = *s.in_flight_at_entry;
        to.span(track, "umount", at, at + us(static_cast<std::int64_t>(s.umount_ns)), args);
        for (const auto& part : segments_of(s))
            to.span(track, part.kind, at + us(static_cast<std::int64_t>(part.from)),
                    at + us(static_cast<std::int64_t>(part.to)));
        at += us(static_cast<std::int64_t>(std::max(s.umount_ns, s.dead_ns.value_or(0)))) + 1000;
    }
}

/// "            umount-7     [003] .....    12.345678: inode_switch_wbs_queue: sb=target0.0 in_flight=2"
std::string trace_line(const traced_event& e, std::size_t task) {
    auto text = fmt::format("{:>16}-{:<7} [{:03}] ..... {}: {}:", e.task.empty() ? "drainlab" : e.task.substr(0, 16),
                            task, e.cpu.value_or(0), seconds_text(e.t_ns), kernel_name(e.name));
    if (!e.mount.empty()) text += " sb=" + one_word(e.mount);
    for (const auto& [key, v] : e.values) text += fmt::format(" {}={}", one_word(key), v);
    return text + "\n";
}

std::string dumped(const json& events) {
    return json{{"displayTimeUnit", "ms"}, {"traceEvents", events}}.dump(-1, ' ', false,
                                                                         json::error_handler_t::replace) +
           "\n";
}

std::vector<const traced_event*> in_order(const std::vector<traced_event>& events) {
    std::vector<const traced_event*> all;
    for (const auto& e : events)
        if (e.name != "runs") all.push_back(&e);  // who has a CPU is no event of the kernel's
    std::stable_sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->t_ns < b->t_ns; });
    return all;
}

}  // namespace

std::string to_chrome_trace(const result& r) {
    json events = json::array();
    std::size_t process = 0;
    for (const auto& c : r.cells) {
        if (c.umount_ns.empty() && c.events.empty()) continue;
        tracks all{events, ++process, path_of(c)};
        if (c.events.empty())
            add_samples(all, c);
        else
            add_recorded(all, c);
    }
    return dumped(events);
}

std::string to_chrome_trace(const std::vector<lane_span>& lanes) {
    json events = json::array();
    std::map<std::string, tracks> processes;
    for (const auto& lane : lanes) {
        auto at = processes.find(lane.process);
        if (at == processes.end())
            at = processes.emplace(lane.process, tracks{events, processes.size() + 1, lane.process}).first;
        at->second.span(lane.track, lane.what, lane.from_ms * 1e3, lane.to_ms * 1e3);
    }
    return dumped(events);
}

std::string to_ftrace(const result& r) {
    std::string text = "# tracer: drainlab\n#\n#           TASK-PID    CPU#  FLAGS   TIMESTAMP: EVENT: FIELDS\n";
    std::int64_t shift = 0;  // each cell after the one before: a trace ascends
    for (const auto& c : r.cells) {
        auto recorded = c.events;
        if (recorded.empty()) recorded = events_of_samples(c);
        if (recorded.empty()) continue;
        text += fmt::format("# {}\n", one_line(path_of(c)));
        std::map<std::string, std::size_t> tasks;
        const auto all = in_order(recorded);
        if (all.empty()) continue;
        const auto begin = all.front()->t_ns;
        for (const auto* e : all) {
            auto moved = *e;
            moved.t_ns += shift - begin;
            text += trace_line(moved, tasks.emplace(e->task, tasks.size() + 1).first->second);
        }
        shift += all.back()->t_ns - begin + 1'000'000;
    }
    return text;
}

}  // namespace drainlab::report
