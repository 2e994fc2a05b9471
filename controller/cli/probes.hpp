// What works on this machine: the checks of `drainctl doctor`, each tried, not guessed.
#pragma once

#include <string>
#include <vector>

namespace drainlab::cli {

enum class health { ok, warn, fail };

/// One check. `fail`: the main job (`bench`) cannot run here; `warn`: it runs, with something missing.
struct check {
    std::string id;
    health status = health::ok;
    std::string detail;  ///< what was found
    std::string fix;     ///< what to do, empty when ok
};

/// A mount of a private daemon, made, written to, and unmounted with
/// a drain that takes a moment: whether it works, and who waited.
check try_mount();

/// Runs all checks, in a fixed order. Makes nothing that outlives
/// it (a cgroup and a user namespace are tried and removed).
std::vector<check> probe_machine();

}  // namespace drainlab::cli
