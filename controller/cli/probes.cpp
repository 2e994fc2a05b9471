#include "controller/cli/probes.hpp"

#include "controller/cli/output.hpp"
#include "controller/daemons/launch.hpp"
#include "controller/machine/child.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/process.hpp"
#include "controller/machine/program.hpp"
#include "fusefs/os/io_ring.hpp"
#include "fusefs/os/mount_identity.hpp"

#include <fmt/format.h>

#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sstream>
#include <unistd.h>

namespace drainlab::cli {

namespace {

// Linux 6.15; Debian 12's headers do not know them.
constexpr unsigned fan_report_mnt = 0x4000, fan_mark_mntns = 0x110;
constexpr std::uint64_t fan_mnt_detach = 0x02000000;

std::string error_text(int error) { return std::strerror(error); }

check good(const char* id, std::string detail) { return {id, health::ok, std::move(detail), {}}; }
check warning(const char* id, std::string detail, std::string fix) {
    return {id, health::warn, std::move(detail), std::move(fix)};
}
check bad(const char* id, std::string detail, std::string fix) {
    return {id, health::fail, std::move(detail), std::move(fix)};
}

/// 0 when a child may unshare these namespaces, else errno.
int try_unshare(int flags) {
    auto tried = machine::child::start({}, [flags] { return unshare(flags) == 0 ? 0 : errno; });
    if (!tried) return EAGAIN;
    const auto status = tried.value().wait(std::chrono::seconds(10));
    return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : EPERM;
}

bool can_open_fuse() {
    const int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

check fuse_device() {
    if (can_open_fuse()) return good("fuse_device", "/dev/fuse can be opened");
    const int error = errno;
    if (error == ENOENT)
        return bad("fuse_device", "/dev/fuse is not there",
                   "load the fuse module (modprobe fuse); in a container: --device /dev/fuse");
    if (error == EACCES)
        return bad("fuse_device", "/dev/fuse: " + error_text(error), "be root, or let users in: chmod 0666 /dev/fuse");
    return bad("fuse_device", "/dev/fuse: " + error_text(error), "in a container: --device /dev/fuse");
}

/// Whether fusermount3 is installed with the set-user-id bit.
bool helper_usable(std::string& detail) {
    const auto path = machine::find_program("fusermount3");
    if (!path) {
        detail = "not installed";
        return false;
    }
    struct stat s {};
    const bool setuid = stat(path.value().c_str(), &s) == 0 && s.st_uid == 0 && (s.st_mode & S_ISUID) != 0;
    detail = path.value() + (setuid ? "" : " lacks the set-user-id bit");
    return setuid;
}

check fusermount() {
    std::string detail;
    if (helper_usable(detail)) return good("fusermount3", detail);
    if (geteuid() == 0) return good("fusermount3", detail + "; not needed by root");
    return warning("fusermount3", detail, "install fuse3, or run under `unshare -Urm`");
}

check user_namespaces() {
    const int error = try_unshare(CLONE_NEWUSER | CLONE_NEWNS);
    if (error == 0) return good("user_namespaces", "may be made: `unshare -Urm` works without root");
    return warning("user_namespaces", "cannot be made: " + error_text(error),
                   "kernel.unprivileged_userns_clone=1, user.max_user_namespaces, "
                   "kernel.apparmor_restrict_unprivileged_userns=0; not needed by root");
}

check mounting() {
    if (try_unshare(CLONE_NEWNS) == 0) return good("mount", "mount(2) is allowed");
    std::string detail;
    if (helper_usable(detail) && can_open_fuse()) return good("mount", "by fusermount3");
    return bad("mount", "neither mount(2) nor fusermount3 can be used here", "run as root, or inside `unshare -Urm`");
}

/// Our own cgroup v2 directory as this mount namespace shows it, or the top of the hierarchy; empty without cgroup v2.
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

check gate_call() {
#ifdef __x86_64__
    struct stat s {};
    char figures[64];  // struct ustat
    if (stat("/proc/self", &s) != 0) return warning("ustat", "cannot be tried: no /proc", "mount /proc");
    const auto dev = s.st_dev;
    const unsigned encoded =
        (dev & 0xff) | ((dev >> 8) & 0xfff) << 8 | static_cast<unsigned>((dev >> 12) & ~0xffU) << 12;
    if (syscall(SYS_ustat, encoded, figures) == 0 || errno == EINVAL)
        return good("ustat", "allowed: the gate makes any umount wait");
    return warning(
        "ustat", "denied: " + error_text(errno),
        "a seccomp profile forbids it (Docker: --security-opt seccomp=unconfined); only drainctl umount waits then");
#else
    return warning("ustat", "this architecture has no ustat(2)",
                   "only drainctl umount waits for drains (umount_wait: api)");
#endif
}

check detach_events() {
    const int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | fan_report_mnt, 0);
    const int init_error = errno;
    const int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    const bool marked = fd >= 0 && fanotify_mark(fd, FAN_MARK_ADD | fan_mark_mntns, fan_mnt_detach, ns, nullptr) == 0;
    const int error = fd < 0 ? init_error : errno;
    if (fd >= 0) close(fd);
    if (ns >= 0) close(ns);
    if (marked) return good("fanotify", "tells of detached mounts (FAN_MNT_DETACH)");
    return warning("fanotify", "cannot watch mounts: " + error_text(error),
                   "kernel 6.15 or newer and the right to; mountinfo is polled otherwise, some 0.1 ms later");
}

check request_timeouts() {
    for (const char* key : {"default_request_timeout", "max_request_timeout"}) {
        const std::string value = machine::read_text(std::string("/proc/sys/fs/fuse/") + key);
        if (!value.empty() && std::strtol(value.c_str(), nullptr, 10) != 0)
            return warning("fuse_request_timeout",
                           fmt::format("fs.fuse.{} is {}", key, value.substr(0, value.find('\n'))),
                           fmt::format("sysctl fs.fuse.{}=0: a drain that takes longer is cut off", key));
    }
    return good("fuse_request_timeout", "none is set");
}

check descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const std::string detail = fmt::format("{} (hard limit {})", limit.rlim_cur, limit.rlim_max);
    if (limit.rlim_max >= 4096) return good("descriptors", detail);
    return warning("descriptors", detail, "ulimit -n 4096: each mount takes a few");
}

check suspending() {
    const std::string states = machine::read_text("/sys/power/state");
    if (states.find_first_not_of(" \n") == std::string::npos) return good("suspend", "this machine does not suspend");
    return warning("suspend", "a drain or an armed gate may keep the machine from suspending",
                   "unmount before suspending, or systemd-inhibit the run");
}

check hung_tasks() {
    const auto number = [](const char* key) {
        return std::strtol(machine::read_text(std::string("/proc/sys/kernel/") + key).c_str(), nullptr, 10);
    };
    const long seconds = number("hung_task_timeout_secs");
    const bool panics = number("hung_task_panic") != 0;
    if (seconds > 0 && seconds <= 60)
        return warning(
            "hung_task",
            fmt::format("kernel.hung_task_timeout_secs is {}{}", seconds, panics ? ", and the kernel panics" : ""),
            "sysctl kernel.hung_task_timeout_secs=120: a drain may take up to 60 s");
    return good("hung_task", seconds == 0
                                 ? "no limit"
                                 : fmt::format("limit {} s{}", seconds,
                                               panics ? ", then the kernel panics: holds stay below 60 s" : ""));
}

/// mount(8) leaves a remount of type fuse.drainfs to mount.fuse, and that runs `drainfs` through a shell without PATH.
check remounts() {
    if (geteuid() != 0) return good("remount", "only root remounts");
    const auto present = [](const char* path) { return access(path, X_OK) == 0; };
    if (!present("/sbin/mount.fuse.drainfs") && !present("/sbin/mount.fuse"))
        return good("remount", "mount(8) remounts by itself");
    for (const char* folder : {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"})
        if (present(fmt::format("{}/drainfs", folder).c_str()))
            return good("remount", fmt::format("mount -o remount finds {}/drainfs", folder));
    return warning("remount",
                   "mount -o remount fails with 127: mount(8) looks for drainfs in the system's folders only",
                   "cmake --install build/release, or mount -i -o remount,ro DIR");
}

/// Mounts of ours that nobody serves any more, and what helps whoever is stuck in one.
check connections() {
    std::string dead, silent, abort;
    int ours = 0;
    for (const auto& line : machine::read_mountinfo()) {
        if (line.fstype != machine::our_fstype) continue;
        ++ours;
        const auto state = os::connection_of(line, 1000);
        if (state == os::connection::dead) dead += " " + line.dir;
        if (state != os::connection::silent) continue;
        silent += " " + line.dir;
        abort += fmt::format("; echo 1 > /sys/fs/fuse/connections/{}/abort", minor(line.device()));
    }
    if (!silent.empty())
        return warning(
            "connections", "no answer within a second from" + silent,
            "unless its daemon is only busy or stopped, this frees everybody: mountpoint -q /sys/fs/fuse/connections "
            "|| mount -t fusectl none /sys/fs/fuse/connections" +
                abort);
    if (!dead.empty())
        return warning("connections", "the daemon is gone of" + dead, "drainctl clean, or umount -l" + dead);
    return good("connections", ours == 0 ? "no drainfs is mounted" : fmt::format("{} mounted, all answer", ours));
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

check programs() {
    const auto daemon = machine::find_program("drainfs"), gate = machine::find_program("drainfs-gate");
    if (!daemon) return bad("programs", daemon.error().message, "build or install drainfs beside drainctl");
    if (!gate)
        return warning("programs", gate.error().message,
                       "build or install drainfs-gate; only drainctl umount waits for drains without it");
    return good("programs", daemon.value() + ", " + gate.value());
}

check kernel() {
    utsname name{};
    uname(&name);
    int major = 0, minor = 0;
    if (std::sscanf(name.release, "%d.%d", &major, &minor) != 2) return warning("kernel", name.release, "");
    const std::string detail = fmt::format("{} {} {}", name.sysname, name.release, name.machine);
    if (major > 5 || (major == 5 && minor >= 10)) return good("kernel", detail);
    return warning("kernel", detail, "5.10 or newer is what drainlab is tried on");
}

}  // namespace

std::vector<check> probe_machine() {
    const std::string cgroup = cgroup_directory();
    std::vector<check> all{kernel(),          programs(),      fuse_device(),         mounting(),    fusermount(),
                           user_namespaces(), cgroups(cgroup), cgroup_events(cgroup), gate_call(),   detach_events(),
                           connections(),     freezing(),      request_timeouts(),    descriptors(), hung_tasks(),
                           suspending(),      remounts()};
    if (std::none_of(all.begin(), all.end(), [](const check& c) { return c.status == health::fail; }))
        all.push_back(try_mount());
    return all;
}

}  // namespace drainlab::cli
