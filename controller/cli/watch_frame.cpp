#include "controller/cli/watch_frame.hpp"

#include "controller/cli/fit_lines.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drainlab::cli {
namespace {

using nlohmann::json;

double number(const json& j, const char* key) {
    const auto at = j.find(key);
    return at != j.end() && at->is_number() ? at->get<double>() : 0;
}
json part(const json& j, const char* key) { return j.is_object() ? j.value(key, json::object()) : json::object(); }

/// Names come from others: nothing in them moves the cursor.
std::string printable(std::string s) {
    std::replace_if(
        s.begin(), s.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
    return s;
}

std::string text(const json& j, const char* key) {
    const auto at = j.find(key);
    return printable(at == j.end() || at->is_null() ? "-" : at->is_string() ? at->get<std::string>() : at->dump());
}

std::string cut(std::string line, int columns) {
    if (static_cast<int>(line.size()) > columns) line.resize(static_cast<std::size_t>(columns));
    return line + "\n";
}

/// The first lines, and how many more there are: what scrolls cannot be drawn again in place.
std::string with_room(const std::string& all, int columns, int rows) {
    const auto lines = static_cast<int>(std::count(all.begin(), all.end(), '\n')), room = std::max(rows, 4) - 1;
    if (lines <= room) return all;
    std::size_t end = 0;
    for (int n = 0; n + 1 < room; ++n) end = all.find('\n', end) + 1;
    return all.substr(0, end) + cut(fmt::format("... and {} more lines", lines - room + 1), columns);
}

double rate(const watch_moment& now, const std::optional<watch_moment>& before, const char* group, const char* key) {
    if (!before) return 0;
    const auto of = [&](const json& c) { return number(group ? part(c, group) : c, key); };
    const double s = std::chrono::duration<double>(now.at - before->at).count();
    return s > 0 ? (of(now.counters) - of(before->counters)) / s : 0;
}

std::string summary(const watch_moment& now, const std::optional<watch_moment>& before) {
    const auto& c = now.counters;
    const auto drain = part(c, "drain");
    return fmt::format(
        "{} mounts; switches in flight {:.0f}, {:.1f}/s; drains {:.0f} ({:.0f} waited), {:.1f}/s; requests {:.0f}/s; "
        "loop lag p99 {:.0f} us; violations {}",
        now.mounts.size(), number(c, "isw_nr_in_flight"), rate(now, before, "switches", "done"), number(drain, "calls"),
        number(drain, "waited"), rate(now, before, "drain", "calls"), rate(now, before, nullptr, "requests"),
        number(part(c, "loop_lag_us"), "p99"), part(c, "violations").size());
}

}  // namespace

std::string line_of(const watch_moment& now, const std::optional<watch_moment>& before) {
    return summary(now, before) + "\n";
}

std::string frame_of(const watch_moment& now, const std::optional<watch_moment>& before, screen size) {
    const int columns = size.columns;
    std::string out = fit_lines(summary(now, before), columns) + "\n";
    bool headed = false;
    const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now.at.time_since_epoch()).count();
    for (const auto& w : now.waiting) {
        if (text(w, "kind") == "service") continue;
        if (!std::exchange(headed, true)) out += cut("waiting", columns);
        const double since_ms = std::max(0.0, (static_cast<double>(now_ns) - number(w, "since_ns")) / 1e6);
        out += cut(fmt::format("  {:<24} for {:<28} since {:.0f} ms", text(w, "task"), text(w, "waits_for"), since_ms),
                   columns);
    }
    out += cut(fmt::format("{:<5}{:<16}{:<10}{:<10}{:>9}{:>6}{:>10}  {}", "id", "mount", "state", "policy", "in flight",
                           "open", "dirty KiB", "on"),
               columns);
    for (const auto& m : now.mounts) {
        out += cut(
            fmt::format("{:<5}{:<16}{:<10}{:<10}{:>9}{:>6}{:>10.0f}  {}", text(m, "id"), text(m, "name").substr(0, 15),
                        text(m, "state"), text(m, "policy"), text(m, "isw_in_flight"), text(m, "open_files"),
                        number(m, "dirty_bytes") / 1024, text(m, "dir")),
            columns);
        if (const auto held = now.holders.find(text(m, "id")); held != now.holders.end())
            for (const auto& by : held->second) out += cut("     held by " + printable(by), columns);
    }
    return with_room(out, columns, size.rows);
}

}  // namespace drainlab::cli
