// What the daemon owns, written down for whoever cleans up after it, and kept free of mounts.
#include "fusefs/control/daemon_parts.hpp"
#include "fusefs/control/off_limits.hpp"
#include "fusefs/control/process.hpp"
#include "fusefs/os/mountinfo.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace drainlab::control {

/// The mounts note themselves.
void daemon::start_record() {
    daemon_state state;
    state.daemon = self_;
    state.mount_namespace = mount_namespace();
    record_ =
        std::make_shared<owner_record>(socket_dir_.get(), file_name(state_path(settings_.socket)), std::move(state));
}

/// Paths that may have been renamed since are asked for by the descriptors that are open there.
std::optional<std::string> daemon::why_off_limits_here(const std::string& dir, std::string type) const {
    auto needed = needed_by_every_daemon(cgroup_root_);
    std::error_code ignored;
    const auto sockets = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", socket_dir_.get()), ignored);
    if (!ignored)
        needed.push_back({sockets / file_name(settings_.socket), "the control socket and the record of this daemon"});
    if (!log_path_.empty()) needed.push_back({log_path_, "the log of this daemon"});
    for (const auto& [id, m] : mounts_->living())
        if (m->store()) needed.push_back({*m->store(), fmt::format("the store of '{}'", m->name())});
    if (type.empty())
        if (const auto on = os::mount_containing(*os::current_mounts(), dir)) type = on->fstype;
    return why_off_limits(dir, type, needed);
}

}  // namespace drainlab::control
