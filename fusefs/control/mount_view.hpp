// What a mount looks like from outside.
#pragma once
#include "fusefs/control/requests.hpp"
#include "fusefs/fault/rules.hpp"
#include "fusefs/kernel/host.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/storage/emulated_device.hpp"
#include "fusefs/storage/unsynced.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace drainlab::control {

/// live: serves, its name is there. detached: the name is gone, somebody holds the superblock (or nobody knows yet).
/// dying: the last reference is gone, the mimicked shutdown runs. dead: it has ended and so has the connection. gone:
/// nothing is left but a record.
enum class mount_state : std::uint8_t { live, detached, dying, dead, gone };
/// The word of docs/api.md.
std::string_view to_string(mount_state s) noexcept;

enum class phase : std::uint8_t { detached, drain_begins, drained, dead };
inline constexpr std::size_t phase_count = 4;
/// The word of docs/api.md.
std::string_view to_string(phase p) noexcept;

/// What can be waited for: a phase, or a state that is none.
using milestone = std::variant<phase, mount_state>;
/// "detached" and "dead" are phases: told of once they were reached.
std::optional<milestone> parse_milestone(std::string_view word) noexcept;
/// The word of parse_milestone().
std::string_view to_string(const milestone& m) noexcept;
/// All words of parse_milestone(), in the order of a mount's life.
inline constexpr std::array<std::string_view, 7> milestone_words{"live",    "detached", "dying", "drain_begins",
                                                                 "drained", "dead",     "gone"};

/// What a mount looks like from outside: MOUNT of docs/api.md. Stays when the mount is gone.
struct mount_view {
    std::uint32_t id{};
    std::string name, dir, policy, profile;
    os::mount_identity who;
    mount_state state{};
    std::optional<std::string> store, bdi;
    std::optional<pid_t> with_pid;
    bool keep_pages{}, gated{}, allow_other{}, lose_unsynced{};
    storage::unsynced_counts unsynced;
    std::vector<std::string> options;
    milliseconds umount_delay{};
    device_limits device;
    storage::device_times device_use;
    struct fault_view {
        fault::rule asked;
        fault::observed saw;
        bool as_asked{};
    };
    std::vector<fault_view> faults;
    std::vector<std::pair<std::uint64_t, std::uint64_t>>
        device_errors;                                  ///< matched and injected, for each of device.errors
    std::array<std::int64_t, phase_count> phases_ns{};  ///< CLOCK_MONOTONIC; 0: not reached
    std::int64_t isw_in_flight{};
    kernel::switch_stats switches;
    kernel::drain_stats drain;
    std::uint64_t open_files{}, inodes{}, dirty_bytes{}, guessed_bytes{}, unknown_caller{}, requests{};
    std::vector<kernel::violation> violations;
    struct store_call {
        std::string call, file;
        std::int64_t since_ns{};  ///< CLOCK_MONOTONIC
    };
    std::vector<store_call> store_calls;  ///< that the store has not answered yet, the oldest first
    struct lost_bytes {
        std::string path;
        std::uint64_t bytes{};
        std::string error;
    };
    std::vector<lost_bytes> lost;     ///< acknowledged, and not in the store
    std::uint64_t silent_failures{};  ///< of store calls that had no caller to tell
};

/// Bytes that a writer was told are written and that the store does not have.
struct lost_file {
    std::string mount, dir;
    std::string path;  ///< from the mount's root; empty: not known
    std::uint64_t bytes{};
};

}  // namespace drainlab::control
