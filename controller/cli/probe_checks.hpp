// The single checks behind probe_machine(), by what they are about. Each tries it and says in a line what came of it.
#pragma once
#include "controller/cli/probes.hpp"

#include <cstring>
#include <string>

namespace drainlab::cli::probes {

// ---- making a mount: probes_mount.cpp
check fuse_device();      ///< whether /dev/fuse can be opened
check fusermount();       ///< whether users can mount by fusermount3
check user_namespaces();  ///< whether `unshare -Urm` works
check mounting();         ///< by one way or another
check remounts();         ///< whether mount(8) finds what remounts
check connections();      ///< mounts of ours that nobody serves any more, and what helps whoever is stuck in one

// ---- cgroups: probes_cgroup.cpp
/// Our own cgroup v2 directory as this mount namespace shows it, or the top of the hierarchy; empty without cgroup v2.
std::string cgroup_directory();
check cgroups(const std::string& dir);        ///< whether writers can be told apart by cgroup below `dir`
check cgroup_events(const std::string& dir);  ///< whether we hear of the end of cgroups below `dir`, or anywhere
check freezing();                             ///< whether a freeze of ours completes while the gate holds a mount

// ---- unmounts that wait: probes_waiting.cpp
check gate_call();         ///< whether the gate can hold a superblock
check detach_events();     ///< whether we hear of detached mounts
check request_timeouts();  ///< whether the kernel cuts off a request that waits for a drain
check hung_tasks();        ///< whether it complains of one
check suspending();        ///< whether one may be in the way of a suspend

// ---- what they say

inline std::string error_text(int error) { return std::strerror(error); }

inline check good(const char* id, std::string detail) { return {id, health::ok, std::move(detail), {}}; }
inline check warning(const char* id, std::string detail, std::string fix) {
    return {id, health::warn, std::move(detail), std::move(fix)};
}
inline check bad(const char* id, std::string detail, std::string fix) {
    return {id, health::fail, std::move(detail), std::move(fix)};
}

}  // namespace drainlab::cli::probes
