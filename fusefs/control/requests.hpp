// The bodies of requests, checked: known keys only, each of its
// type and range. What can be told without asking the daemon.
#pragma once
#include "fusefs/control/api_error.hpp"
#include "fusefs/fault/rule.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/process_identity.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::control {

using std::chrono::milliseconds;

/// Which requests the emulated device fails; see storage::error_rule.
struct device_error {
    std::string op, path;
    double probability{1};
    std::string error;  ///< "EIO"
    std::uint64_t seed{};
};

/// An emulated device; 0 is unlimited.
struct device_limits {
    std::uint64_t latency_us{}, bandwidth_bytes_per_s{}, iops{}, flush_us{};
    std::vector<device_error> errors;
};

enum class umount_wait { automatic, gate, api };

/// No drain is held longer without force: below the kernel's hung-task warning (120 s).
inline constexpr milliseconds hold_limit{60'000};

/// POST /mounts. Empty optionals: the daemon's defaults.
struct mount_request {
    std::string dir;   ///< bytes; absolute, without "." and "..", no '/' at the end
    std::string name;  ///< empty: made up
    std::optional<std::string> policy, store, bdi;
    std::optional<bool> keep_pages, allow_other;
    bool lose_unsynced{};  ///< file data stays in the cache until it is synced; a power cut drops it
    milliseconds umount_delay{0};
    std::optional<umount_wait> wait;
    std::vector<std::string> options;
    std::optional<pid_t> with_pid;
    std::optional<os::seen_directory> seen, store_seen;  ///< what the client sees at `dir`, at `store`
    std::optional<os::process_identity> with_pid_seen;   ///< the process that the client calls `with_pid`
    std::optional<std::uint64_t> dirty_limit_bytes, cache_limit_bytes;
    device_limits device;
    std::vector<fault::rule> faults;
    std::shared_ptr<os::unique_fd> place{};  ///< `dir`, looked up; not part of the body
};
/// The body of POST /mounts. An error names the key that is wrong, or unknown.
api_result<mount_request> parse_mount_request(std::string_view body);

/// PATCH /mounts/ID. Only what is to change.
struct mount_patch {
    std::optional<std::string> policy;
    std::optional<bool> keep_pages;
    std::optional<milliseconds> umount_delay;
    std::optional<device_limits> device;
    std::optional<std::uint64_t> dirty_limit_bytes;
};
/// The body of PATCH /mounts/ID.
api_result<mount_patch> parse_mount_patch(std::string_view body);

/// POST /mounts/ID/faults: a RULE.
api_result<fault::rule> parse_fault(std::string_view body);
/// POST /mounts/ID/faults/release: the rule's name; empty: all.
api_result<std::string> parse_fault_release(std::string_view body);
/// Where a cgroup v2 is named by its place in the file system: /sys/fs/cgroup/a is /a.
std::string cgroup_in_hierarchy(std::string path);

/// POST /mounts/ID/hold
struct hold_request {
    milliseconds duration{};
    bool every{}, force{};
};
/// The body of POST /mounts/ID/hold. Above hold_limit only with `force`.
api_result<hold_request> parse_hold(std::string_view body);

/// POST /mounts/ID/umount
struct umount_request {
    bool lazy{}, force{};
};
/// The body of POST /mounts/ID/umount; may be empty.
api_result<umount_request> parse_umount(std::string_view body);

/// PUT /policy
api_result<std::string> parse_policy(std::string_view body);

/// PUT /widen
struct widen_request {
    std::string point;
    std::chrono::microseconds width{};
};
/// The body of PUT /widen. Whether there is such a point, the caller has to see.
api_result<widen_request> parse_widen(std::string_view body);

/// POST /stop: how long drains may take; default 60 s.
api_result<milliseconds> parse_stop(std::string_view body);

/// The words of umount_wait.
std::optional<umount_wait> parse_umount_wait(std::string_view word);

}  // namespace drainlab::control
