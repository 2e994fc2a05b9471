// Whether cgroups can be made and watched here, and frozen while an unmount waits.
#include "controller/cli/probe_checks.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/process.hpp"
#include "fusefs/os/io_ring.hpp"

#include <fmt/format.h>

#include <sys/inotify.h>
#include <sys/stat.h>

#include <cerrno>
#include <sstream>
#include <unistd.h>

namespace drainlab::cli::probes {

std::string cgroup_directory() {
    for (const auto& m : machine::read_mountinfo()) {
        if (m.fstype != "cgroup2") continue;
        std::istringstream lines(machine::read_text("/proc/self/cgroup"));
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with("0::") && line.starts_with("0::" + (m.root == "/" ? "" : m.root))) {
                std::string own = m.dir + line.substr(3 + (m.root == "/" ? 0 : m.root.size()));
                if (access(own.c_str(), F_OK) == 0) return own;
            }
        return m.dir;
    }
    return {};
}

check cgroups(const std::string& dir) {
    if (dir.empty())
        return warning("cgroup_v2", "no cgroup v2 hierarchy is mounted here",
                       "mount -t cgroup2 none DIR; results use --identity session otherwise");
    const std::string probe = fmt::format("{}/drainlab-{}-doctor", dir, getpid());
    if (mkdir(probe.c_str(), 0700) != 0)
        return warning("cgroup_v2", fmt::format("{} cannot be written to: {}", dir, error_text(errno)),
                       "run as root or in a delegated scope (systemd-run --user --scope -p Delegate=yes); --identity "
                       "session otherwise");
    rmdir(probe.c_str());
    return good("cgroup_v2", dir + " can be written to");
}

check cgroup_events(const std::string& dir) {
    const int fd = inotify_init1(IN_CLOEXEC);
    if (fd < 0)
        return warning(
            "inotify", "inotify: " + error_text(errno),
            "raise fs.inotify.max_user_instances; until then a cgroup dies with its last member that was seen");
    const bool watched = dir.empty() || inotify_add_watch(fd, dir.c_str(), IN_DELETE) >= 0;
    const int error = errno;
    close(fd);
    if (watched) return good("inotify", dir.empty() ? "works; no cgroup to watch" : "sees cgroups come and go");
    return warning("inotify", fmt::format("cannot watch {}: {}", dir, error_text(error)),
                   "raise fs.inotify.max_user_watches; until then a cgroup dies with its last member that was seen");
}

/// Waits for a FUSE answer do not freeze: see docs/unmount-watch.md.
check freezing() {
    const std::string cgroups = machine::read_text("/proc/self/cgroup");
    const char* const instead = "drainctl mount --umount-wait api, where daemon and gate may be frozen together";
    if (const auto old = cgroups.find(":freezer:/"); old != std::string::npos && cgroups[old + 10] != '\n')
        return warning("freezer", "a freeze by cgroup v1 does not complete while a mount is held by the gate", instead);
    const auto own = cgroups.find("0::/");
    if (own == std::string::npos || own + 4 >= cgroups.size() || cgroups[own + 4] == '\n')
        return good("freezer", "no cgroup that could be frozen");
    std::string why = "Linux is older than 6.11";
    if (os::frozen_tasks_work() && os::io_ring::make(4, why))
        return good("freezer", "a freeze of this cgroup completes: the gate lets go for it");
    return warning("freezer", "a freeze of this cgroup does not complete while a mount is held by the gate: " + why,
                   instead);
}

}  // namespace drainlab::cli::probes
