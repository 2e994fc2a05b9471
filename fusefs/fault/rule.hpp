// A fault that somebody asks for.
#pragma once
#include "fusefs/fault/operation.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace drainlab::fault {

using nanoseconds = std::chrono::nanoseconds;

/// No request is kept longer, whatever was asked for: below the kernel's hung-task warning (120 s).
inline constexpr nanoseconds longest_wait{std::chrono::seconds{60}};

/// Which requests are struck, and what happens to them. Checked by wrong_with().
struct rule {
    std::string name;  ///< empty: made up when it is added
    // ---- which requests
    operations ops{any_operation()};
    /// Glob of fnmatch(3), no flags (`*` also matches `/`), against the path from the mount's root: "/dir/file".
    std::string path{"*"};
    std::optional<pid_t> pid;            ///< of the calling process
    std::string cgroup;                  ///< the caller's cgroup, or one above it: "/a/b"; empty: any
    std::uint64_t after{};               ///< so many that match go well first
    std::optional<std::uint64_t> times;  ///< then at most so many are struck
    double probability{1};               ///< of each that matches to be struck
    std::uint64_t seed{};                ///< the same seed and sequence of matching requests: the same are struck
    // ---- what happens to them
    nanoseconds delay{0};
    std::optional<nanoseconds> hang;  ///< until released, and never longer than this
    int error{};                      ///< errno of the answer, after the wait
    std::optional<std::uint64_t>
        torn_write;     ///< only so many bytes of a write reach the file; the caller is told that all did, or `error`
    bool drop_fsync{};  ///< answered as done, and not done
};

/// What contradicts itself in it, in one sentence that names the key; empty if nothing.
std::string wrong_with(const rule& r);

}  // namespace drainlab::fault
