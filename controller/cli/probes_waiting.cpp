// Whether an unmount can be made to wait for its drain here, is noticed, and is let wait.
#include "controller/cli/probe_checks.hpp"
#include "controller/machine/process.hpp"

#include <fmt/format.h>

#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace drainlab::cli::probes {

namespace {

// Linux 6.15; Debian 12's headers do not know them.
constexpr unsigned fan_report_mnt = 0x4000, fan_mark_mntns = 0x110;
constexpr std::uint64_t fan_mnt_detach = 0x02000000;

}  // namespace

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

check suspending() {
    const std::string states = machine::read_text("/sys/power/state");
    if (states.find_first_not_of(" \n") == std::string::npos) return good("suspend", "this machine does not suspend");
    return warning("suspend", "a drain or an armed gate may keep the machine from suspending",
                   "unmount before suspending, or systemd-inhibit the run");
}

}  // namespace drainlab::cli::probes
