#include "fusefs/control/off_limits.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace drainlab::control {
namespace {

constexpr std::array<std::string_view, 12> kernel_types = {"proc",     "sysfs",      "cgroup",  "cgroup2",
                                                           "devpts",   "debugfs",    "tracefs", "fusectl",
                                                           "configfs", "securityfs", "bpf",     "nsfs"};

bool contains(std::string_view dir, std::string_view path) {
    return path == dir || dir == "/" || (path.size() > dir.size() && path.starts_with(dir) && path[dir.size()] == '/');
}

}  // namespace

std::optional<std::string> why_off_limits(std::string_view dir, std::string_view fstype,
                                          const std::vector<needed_path>& needed) {
    if (dir == "/") return "it would cover everything";
    for (const auto& one : needed)
        if (contains(dir, one.path))
            return "it would cover " + one.what + (one.path == dir ? "" : " (" + one.path + ")");
    if (std::find(kernel_types.begin(), kernel_types.end(), fstype) != kernel_types.end())
        return "it lies on a file system of the kernel (" + std::string{fstype} + ")";
    return std::nullopt;
}

std::vector<needed_path> needed_by_every_daemon(const std::string& cgroup_root) {
    std::vector<needed_path> all{{"/proc", "/proc, where callers are looked up"},
                                 {"/sys", "/sys"},
                                 {"/dev/fuse", "/dev/fuse"},
                                 {"/dev/null", "/dev/null"}};
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) all.push_back({self.string(), "the programs of drainlab"});
    if (!cgroup_root.empty()) all.push_back({cgroup_root, "the cgroups"});
    return all;
}

}  // namespace drainlab::control
