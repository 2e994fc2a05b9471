// What `mount` and `with` have in common: the options of a mount, checking them, making it.
#pragma once

#include "controller/cli/command.hpp"
#include "controller/daemons/launch.hpp"

#include <nlohmann/json.hpp>

namespace drainlab::cli {

/// The words as they were given; nothing where an option was not.
struct mount_options {
    std::optional<std::string> name, policy, profile, store, page_cache, umount_wait, own_directory;
    std::optional<duration> umount_delay, device_latency, linger;
    std::optional<std::int64_t> with_pid;
    bool allow_other = false, lose_unsynced = false;
    std::vector<std::string> options, faults;
    nlohmann::json fault_rules;  ///< what check_faults() made of `faults`
};

/// Declares all of them but --linger, --with-pid and --own-directory, which only `mount` has.
void declare_mount_options(command& c, mount_options& o);

/// Refuses a mount point that is not there, no directory, already ours or on a drainfs mount (exit 2).
result<void> check_mount_point(const std::string& dir);

/// Refuses a store that is not there, no directory, or on a drainfs mount (exit 2). Makes its path absolute.
result<void> check_store(mount_options& o);

/// Refuses a --fault that cannot be read (exit 2).
result<void> check_faults(mount_options& o);

/// The body of POST /mounts. `dir` is absolute.
nlohmann::json mount_request(const std::string& dir, const mount_options& o);

/// What a new daemon must be told for these options.
result<daemons::daemon_options> daemon_options_for(const mount_options& o);

}  // namespace drainlab::cli
