// The daemon's command line.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace drainlab::control {

/// As docs/api.md lists them. Durations are in milliseconds.
struct settings {
    std::string socket, profile{"qemu-16vcpu"}, policy{"base"}, identity{"auto"}, cgroup_root, umount_wait{"auto"},
        detach_event{"auto"}, page_cache{"drop"}, log, own_directory;
    std::int64_t owner{};                          ///< the process that made own_directory
    std::chrono::milliseconds linger{500};         ///< 0: never
    std::chrono::milliseconds drain_limit{60000};  ///< at most that
    int lifeline{-1}, ready_fd{-1};
    bool verbose{};
};

/// "200ms", "5s", "2m", or a bare number of seconds ("0.5"); nothing if it is none of these, negative, or above a day.
std::optional<std::chrono::milliseconds> parse_duration(const std::string& text);

/// Either settings, or the exit code of a program that has nothing to do (help, version, wrong words; already printed).
struct parsed_settings {
    std::optional<settings> value;
    int exit_code{};
};
/// Words first, then the environment (DRAINLAB_...), then the defaults.
parsed_settings parse_settings(int argc, char** argv);

}  // namespace drainlab::control
