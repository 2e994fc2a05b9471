// Where no mount may go: it would cover what the daemon, or every program, needs.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drainlab::control {

/// A path that must stay visible; `what` it is, in words.
struct needed_path {
    std::string path;  ///< absolute, without symlinks
    std::string what;
};

/// Why `dir` (absolute, without symlinks, "." or "..") must not be mounted on: it is
/// "/", it is one of `needed` or contains it, or it lies on a file system of type
/// `fstype` that is the kernel's own (proc, sysfs, cgroup...). Nothing if it may.
std::optional<std::string> why_off_limits(std::string_view dir, std::string_view fstype,
                                          const std::vector<needed_path>& needed);

/// What every daemon needs: its own program, /proc, /sys, /dev, and the cgroup tree at `cgroup_root` (may be empty).
std::vector<needed_path> needed_by_every_daemon(const std::string& cgroup_root);

}  // namespace drainlab::control
