#include "controller/race/accept.hpp"
#include "fusefs/input/read_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace drainlab::race {

namespace {

/// The event that is called so in the text of a trace; nothing if it is none of ours.
std::string event_named(std::string_view kernel_name) {
    static const std::map<std::string_view, std::string_view> names{
#define DRAINLAB_PROBE(event_name, probe_name) {#probe_name, event_name},
#include "fusefs/trace/probes.inc"
#undef DRAINLAB_PROBE
    };
    const auto at = names.find(kernel_name);
    return std::string{at == names.end() ? kernel_name : at->second};
}

/// `            umount-7     [003] .....    12.345678901: dead: sb=target0.0 ...`
void read_trace_line(std::string_view one, std::size_t line, std::vector<observed>& into) {
    if (one.starts_with("#")) return;
    const auto cpu = one.find("] ");
    const auto time = cpu == std::string_view::npos ? cpu : one.find(": ", cpu);
    if (time == std::string_view::npos) return;
    const auto rest = one.substr(time + 2);
    const auto name = event_named(rest.substr(0, rest.find(':')));
    const auto sb = rest.find(" sb=");
    if (sb == std::string_view::npos || !observable_events().contains(name)) return;
    const auto value = rest.substr(sb + 4);
    into.push_back({name, std::string{value.substr(0, value.find(' '))}, line});
}

}  // namespace

result<std::vector<observed>> read_trace(const std::string& file) {
    const auto text = input::read_file(file, 64 * input::mebibyte);
    if (!text.text) return words::usage_error("trace file " + text.error);
    const bool ours = text.text->starts_with("# tracer: drainlab");
    std::vector<observed> trace;
    std::size_t line = 0;
    for (std::string_view rest = *text.text; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        std::string_view one = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        ++line;
        if (ours) {
            read_trace_line(one, line, trace);
            continue;
        }
        if (one.starts_with("data:")) one.remove_prefix(5);
        if (one.find_first_not_of(" \t\r") == std::string_view::npos || one.starts_with(":")) continue;
        const auto event = nlohmann::json::parse(one, nullptr, false);
        const auto is_text = [&](const char* key) { return event.contains(key) && event[key].is_string(); };
        if (!event.is_object() || !is_text("event"))
            return words::usage_error(file + ":" + std::to_string(line) +
                                      R"(: must be an event as /events gives it: {"event":"...","mount":"..."})");
        const std::string name = event["event"];
        if (observable_events().contains(name) && is_text("mount")) trace.push_back({name, event["mount"], line});
    }
    if (trace.empty()) return words::usage_error(file + ": holds none of the events that a run of the model shows");
    return trace;
}

}  // namespace drainlab::race
