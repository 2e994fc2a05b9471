// Where workloads may make cgroups, if anywhere.
#pragma once

#include "controller/client/failure.hpp"

#include <sys/types.h>

#include <string>

namespace drainlab::run {

/// A cgroup v2 directory in which we can make a cgroup and start a process: `wanted` if not empty (it must work then,
/// else exit 4 with the reason), else the root of a v2 mount of /proc/self/mountinfo, else our own cgroup. Tried by
/// doing it once.
client::result<std::string> find_cgroup_root(const std::string& wanted);

/// Removes cgroups `drainlab-<pid>-*` directly under `root`, with what still runs in them. For the leftovers of a
/// workload that was killed.
void remove_cgroups_of(const std::string& root, pid_t pid);

}  // namespace drainlab::run
