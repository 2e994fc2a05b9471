// Whether a mount can be made here, remounted, and is served.
#include "controller/cli/probe_checks.hpp"
#include "controller/machine/child.hpp"
#include "controller/machine/mountinfo.hpp"
#include "controller/machine/program.hpp"
#include "fusefs/os/mount_identity.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace drainlab::cli::probes {

namespace {

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

}  // namespace

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

}  // namespace drainlab::cli::probes
