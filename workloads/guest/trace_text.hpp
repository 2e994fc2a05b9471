// The text of tracefs' `trace` file, as events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::guest {

/// `umount-123     [000] d.... 12.345678: in_rcu_barrier: (rcu_barrier+0x0/0x1b0) inflight=3`
struct trace_event {
    std::string task;
    int pid = 0;
    int cpu = 0;
    std::int64_t at_ns = 0;
    std::string name;
    std::string rest;  ///< what stands behind the name

    /// The value of `KEY=...` in the rest: decimal, or hexadecimal with 0x.
    std::optional<std::uint64_t> field(std::string_view key) const;
};

/// The event in a line; nothing for comments and lines of another form ("CPU:1 [LOST 12 EVENTS]").
std::optional<trace_event> parse_trace_line(std::string_view line);

/// A whole trace.
struct trace_text {
    std::vector<trace_event> events;
    int lost = 0;  ///< lines which say that events were lost
};
/// The events of all lines, in their order.
trace_text parse_trace(std::string_view text);

}  // namespace drainlab::guest
