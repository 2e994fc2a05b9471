// Control groups: where we may make some, and removing those whose maker is dead.
#pragma once

#include "controller/machine/failure.hpp"
#include "fusefs/os/process_identity.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace drainlab::machine {

/// A cgroup v2 directory in which we can make a cgroup and start a process: `wanted` if not empty (it must work then,
/// else exit 4 with the reason), else the root of a v2 mount of /proc/self/mountinfo, else our own cgroup. Tried by
/// doing it once.
result<std::string> find_cgroup_root(const std::string& wanted);

/// What clean_cgroups() took away, and what it could not.
struct removed_cgroups {
    std::vector<std::string> cgroups;
    std::vector<pid_t> processes;
    std::vector<std::string> problems;
};

/// Removes the cgroups directly under `root` that `maker` made (`drainlab-<identity>-*`),
/// with what still runs in them. Nothing when `root` is empty.
void remove_cgroups_of(const std::string& root, const os::process_identity& maker);

/// Removes cgroups whose name says that drainlab made them and that their maker (pid, start time, pid namespace) is
/// dead, with the processes in them; nothing outside `root`. What another pid namespace made is left alone.
removed_cgroups clean_cgroups(const std::string& root);

/// Whether a name `prefix` identity `-` rest says that its maker is dead for certain.
bool maker_is_dead(const std::string& name, std::string_view prefix);

}  // namespace drainlab::machine
