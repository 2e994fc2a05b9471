// Counting what is there, before and after.
#pragma once

#include "controller/churn/churn.hpp"

#include <set>
#include <string>

namespace drainlab::churn {

/// What this process and the machine had at one moment.
struct census {
    int descriptors = 0;
    std::set<std::string> cgroups;  ///< drainlab-* in the root of cgroup v2
    std::set<pid_t> children;
};

/// Reads /proc and the root of cgroup v2. What cannot be read counts as nothing. Thread: any.
census take_census();
/// Open descriptors of a process; "self" is ours. Those that tell of other threads (pidfds,
/// /proc/TID/wchan) are left out up to `remembered` of them: the daemon remembers those that called last.
int descriptors_of(const std::string& pid, int remembered = 0);
/// Mounts of our namespace at or below `dir`.
int mounts_below(const std::string& dir);
/// Fills what is there now and was not before; `base` must be gone.
void compare_census(const census& before, const std::string& base, leftovers& into);

}  // namespace drainlab::churn
