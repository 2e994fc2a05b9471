// What `status` says of a mount that is not idle.
#pragma once

#include "controller/cli/why_findings.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::cli {

/// What a mount has done between two looks.
struct mount_activity {
    std::optional<std::chrono::nanoseconds> since;  ///< CLOCK_MONOTONIC; nothing: not known
    std::vector<std::string> waits;                 ///< what it waits for, in sentences
    std::vector<machine::holder> held_by;           ///< without copies
    std::vector<machine::holder> copies;            ///< the same superblock mounted elsewhere: bind, namespace
    std::vector<unmount_seen> unmounts;             ///< of it, under way
};

/// Whether nobody uses a MOUNT, as far as its daemon knows, and it waits for nobody.
bool is_idle(const nlohmann::json& mount);

/// Looks at the kernel's tables and asks the daemon; never waits for the mount.
mount_activity activity_of(const nlohmann::json& mount, const std::string& socket,
                           const std::vector<machine::kernel_task>& unmounting);

/// By the id of the mount.
using activities = std::map<std::string, mount_activity>;
/// Of those that are not idle; not of those behind the first that took too long to look at.
activities look_at(const nlohmann::json& mounts, const std::string& socket);

/// {"since_ns","waits_for":[sentence],"holders":[...],"copies":[...],"unmounts":[{"pid","comm","words"}]}
nlohmann::json activity_document(const mount_activity& a);
/// Lines beneath the mount's own.
void print_activity(const mount_activity& a);

}  // namespace drainlab::cli
