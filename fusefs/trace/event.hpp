// A tracepoint that fired.
#pragma once
#include <cstdint>
#include <string>

namespace drainlab::trace {

/// One event. Names and keys are snake_case; an empty key means that there is no such value.
struct event {
    std::int64_t t_ns{};     ///< CLOCK_MONOTONIC
    std::uint64_t number{};  ///< 1, 2, 3...: a gap tells a reader that it was too slow
    std::string name{};      ///< isw_queued, drain_begins, detached, gate_opened, violation, ...
    std::string mount{};     ///< name of the mount it is about, or ""
    std::string key1{}, key2{};
    std::int64_t value1{}, value2{};
    std::string text{};  ///< for people; rarely set
};

/// The event as one line of JSON: {"t_ns":..,"n":..,"event":"..","mount":"..",key1:..,...}
std::string to_json(const event& e);

}  // namespace drainlab::trace
