// Which process is meant: numbers are given out again, and each pid namespace has its own.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drainlab::os {

/// A process, named for good as long as the machine runs. With pid 0 it names none.
struct process_identity {
    pid_t pid{};
    std::uint64_t start_time{};     ///< field 22 of /proc/PID/stat
    std::uint64_t pid_namespace{};  ///< inode number of the namespace that `pid` counts in; 0 if unknown
    std::string boot{};             ///< /proc/sys/kernel/random/boot_id; empty if unknown

    bool operator==(const process_identity&) const = default;
};

/// Ourselves.
process_identity this_process();
/// Another one, as we number it now; pid 0 when it has gone (also when it only waits to be reaped).
process_identity identify_process(pid_t pid);

/// Nothing where that cannot be told from here: it counts in another pid namespace, or /proc is not there.
std::optional<bool> is_alive(const process_identity& who);

/// Sends a signal to that process and to no other. False when it has gone, or may not be signalled.
bool send_signal(const process_identity& who, int signal);

/// `PID-START_TIME-PID_NAMESPACE`, the latter two in hexadecimal, for names of what goes with the machine (cgroups,
/// private directories).
std::string to_word(const process_identity& who);
/// The process in a name `prefix` word `-` rest. Nobody when it is none.
process_identity from_name(std::string_view name, std::string_view prefix);

/// Field 22 of /proc/PID/stat; 0 if there is no such process, or it has ended.
std::uint64_t process_start_time(pid_t pid);
/// The number of its parent; 0 if unknown.
pid_t parent_of_process(pid_t pid);

}  // namespace drainlab::os
