// What the daemon owns, written down for whoever cleans up after it, and kept free of mounts.
#include "fusefs/control/daemon_parts.hpp"
#include "fusefs/control/off_limits.hpp"
#include "fusefs/control/process.hpp"
#include "fusefs/control/state_file.hpp"
#include "fusefs/os/mountinfo.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace drainlab::control {

using namespace std::chrono_literals;

/// What this daemon owns, for whoever cleans up after a SIGKILL.
void daemon::write_down() {
    if (ending_.state() == ending_state::ended)
        return;  // the file is removed, and what a held mount leaves goes with us
    daemon_state state{self_, mount_namespace(), {}, {}};
    if (watch_->has_gate()) state.gate = os::identify_process(watch_->gate_pid());
    for (const auto& m : mounts_->opening()) state.mounts.push_back({m->dir(), m->name(), m->identity()});
    for (const auto& [id, m] : mounts_->living()) state.mounts.push_back({m->dir(), m->name(), m->identity()});
    const bool in_time = recorder_->finished(0ms);
    recorder_->add([failed = record_error_, state = std::move(state), dir = socket_dir_.get(),
                    name = file_name(state_path(settings_.socket))] {
        if (!write_state(dir, name, state)) *failed = errno;
    });
    // As a rule who mounts is told once it is written; a stuck file system is not waited for.
    if (in_time) recorder_->finished(20ms);
    if (const int error = record_error_->exchange(0))
        spdlog::warn("cannot write {}: {}; after a SIGKILL nobody will know what to clean up",
                     state_path(settings_.socket), std::strerror(error));
}

/// Paths that may have been renamed since are asked for by the descriptors that are open there.
std::optional<std::string> daemon::why_off_limits_here(const std::string& dir) const {
    const auto mounts = os::current_mounts();
    std::string cgroups = settings_.cgroup_root;
    for (const auto& m : *mounts)
        if (cgroups.empty() && m.fstype == "cgroup2") cgroups = m.dir;
    auto needed = needed_by_every_daemon(cgroups);
    std::error_code ignored;
    const auto sockets = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", socket_dir_.get()), ignored);
    if (!ignored)
        needed.push_back({sockets / file_name(settings_.socket), "the control socket and the record of this daemon"});
    if (!log_path_.empty()) needed.push_back({log_path_, "the log of this daemon"});
    for (const auto& [id, m] : mounts_->living())
        if (m->store()) needed.push_back({*m->store(), fmt::format("the store of '{}'", m->name())});
    const auto on = os::mount_containing(*mounts, dir);
    return why_off_limits(dir, on ? std::string_view{on->fstype} : std::string_view{}, needed);
}

}  // namespace drainlab::control
