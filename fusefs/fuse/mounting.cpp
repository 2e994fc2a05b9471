#include "fusefs/fuse/mounting.hpp"

#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/mountinfo.hpp"
#include "fusefs/os/pass_fd.hpp"
#include "fusefs/os/run_program.hpp"
#include "fusefs/storage/open_outside.hpp"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

namespace drainlab::fuse {

namespace {

using storage::unique_fd;

// linux/mount.h and linux/stat.h, as far as Debian 12's headers lack them or clash with glibc's
constexpr unsigned cfg_flag = 0, cfg_string = 1, cfg_create = 6;
constexpr unsigned attr_rdonly = 1, attr_nosuid = 2, attr_nodev = 4, attr_noexec = 8, attr_noatime = 0x10,
                   attr_nodiratime = 0x80;
constexpr std::chrono::milliseconds fusermount_limit{5'000};
constexpr unsigned move_empty_paths = 0x4 | 0x40;  // MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH

int refuse(std::string& error, const std::filesystem::path& dir, const std::string& why, int err) {
    error = "mount point " + dir.string() + ": " + why;
    return err;
}

void tell(const session_options& o, const os::mount_identity& who) {
    if (o.on_identity) o.on_identity(who);
}

int set_flag(int fs, const char* key) {
    return static_cast<int>(::syscall(SYS_fsconfig, fs, cfg_flag, key, nullptr, 0));
}
int set_text(int fs, const char* key, const std::string& value) {
    return static_cast<int>(::syscall(SYS_fsconfig, fs, cfg_string, key, value.c_str(), 0));
}

/// What the kernel says in its own words about the last failure, if anything.
std::string complaint(int fs, int err) {
    char text[256];
    const ssize_t n = ::read(fs, text, sizeof text - 1);
    return n > 2 ? std::string(text + 2, static_cast<std::size_t>(n) - 2) : std::string{std::strerror(err)};
}

unsigned attributes(const mount_flags& f) {
    return (f.ro ? attr_rdonly : 0) | (f.nosuid ? attr_nosuid : 0) | (f.nodev ? attr_nodev : 0) |
           (f.noexec ? attr_noexec : 0) | (f.noatime ? attr_noatime : 0) | (f.nodiratime ? attr_nodiratime : 0);
}

/// EPERM: no privilege; fusermount3 may have it.
int mount_directly(const session_options& o, const mount_flags& flags, int dir, new_mount& out, std::string& error) {
    const unique_fd fs{static_cast<int>(::syscall(SYS_fsopen, "fuse", 1 /* FSOPEN_CLOEXEC */))};
    if (!fs) return errno;
    bool ok = set_text(fs.get(), "source", o.name) == 0 && set_text(fs.get(), "subtype", "drainfs") == 0 &&
              set_text(fs.get(), "fd", std::to_string(out.fuse.get())) == 0 &&
              set_text(fs.get(), "rootmode", "40000") == 0 &&
              set_text(fs.get(), "user_id", std::to_string(::geteuid())) == 0 &&
              set_text(fs.get(), "group_id", std::to_string(::getegid())) == 0 &&
              set_flag(fs.get(), "default_permissions") == 0;
    if (ok && out.allow_other) ok = set_flag(fs.get(), "allow_other") == 0;
    if (ok && flags.ro) ok = set_flag(fs.get(), "ro") == 0;
    if (ok && flags.sync) ok = set_flag(fs.get(), "sync") == 0;
    if (ok && flags.dirsync) ok = set_flag(fs.get(), "dirsync") == 0;
    if (ok) ok = ::syscall(SYS_fsconfig, fs.get(), cfg_create, nullptr, nullptr, 0) == 0;
    if (!ok) {
        const int err = errno;
        return err == EPERM ? err
                            : refuse(error, o.dir, "the kernel refused the mount: " + complaint(fs.get(), err), err);
    }
    out.root.reset(static_cast<int>(::syscall(SYS_fsmount, fs.get(), 1 /* FSMOUNT_CLOEXEC */, attributes(flags))));
    if (!out.root) return errno;
    out.who = os::identify_mount(out.root.get(), "", AT_EMPTY_PATH);  // asks the kernel, not us
    tell(o, out.who);
    if (::syscall(SYS_move_mount, out.root.get(), "", dir, "", move_empty_paths) == 0) return 0;
    const int err = errno;
    return refuse(error, o.dir, std::string{"cannot be mounted on: "} + std::strerror(err), err);
}

std::string option_text(const session_options& o, const mount_flags& f, bool allow_other) {
    std::string name;
    for (const char c : o.name) name += c == ',' || c == '\\' ? std::string{'\\'} + c : std::string{c};
    std::string text = "fsname=" + name + ",subtype=drainfs,default_permissions";
    for (const auto& [on, word] : {std::pair{allow_other, ",allow_other"},
                                   {f.ro, ",ro"},
                                   {f.nosuid, ",nosuid"},
                                   {f.nodev, ",nodev"},
                                   {f.noexec, ",noexec"},
                                   {f.noatime, ",noatime"},
                                   {f.sync, ",sync"},
                                   {f.dirsync, ",dirsync"}})
        if (on) text += word;
    return text;
}

/// The newest drainfs mount on `dir`; 0 if there is none.
std::int64_t newest_mount_on(const std::string& dir) {
    std::int64_t newest = 0;
    for (const auto& line : os::read_mountinfo())
        if (line.ours() && line.dir == dir) newest = std::max<std::int64_t>(newest, line.id);
    return newest;
}

void unmount_by_fusermount(const std::string& dir) {
    os::run_program({.words = {"fusermount3", "-u", "-z", "-q", "--", dir}, .limit = fusermount_limit});
}

/// fusermount3 opens /dev/fuse, mounts, and sends us the descriptor.
int mount_by_fusermount(const session_options& o, const mount_flags& flags, new_mount& out, std::string& error) {
    // It mounts without this table; for a user it unmounts only what it finds there, and the mount would stay.
    if (::access("/etc/mtab", R_OK) != 0)
        return refuse(
            error, o.dir,
            "fusermount3 could not unmount it again: there is no /etc/mtab (as root: ln -s ../proc/self/mounts "
            "/etc/mtab)",
            EPERM);
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
    const unique_fd ours{pair[0]};
    unique_fd theirs{pair[1]};
    const auto dir = o.dir.string();
    const auto before = newest_mount_on(dir);
    tell(o, {});
    const auto end = os::run_program({.words = {"fusermount3", "-o", option_text(o, flags, out.allow_other), "--", dir},
                                      .environment = {"_FUSE_COMMFD=3"},
                                      .descriptor = theirs.get(),
                                      .limit = fusermount_limit});
    theirs.reset();
    if (end.error == ETIMEDOUT) {
        if (newest_mount_on(dir) != before) unmount_by_fusermount(dir);
        return refuse(
            error, o.dir,
            "fusermount3 did not end within 5 s, and was killed" + (end.said.empty() ? "" : "; it said: " + end.said),
            ETIMEDOUT);
    }
    if (end.error)
        return refuse(error, o.dir,
                      "fusermount3 cannot be run (install the package fuse3, or run as root or in `unshare -Urm`)",
                      end.error);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);  // sent before it ended, or never
    out.fuse = os::receive_fd(ours.get());
    if (!out.fuse) return refuse(error, o.dir, "fusermount3 says: " + (end.said.empty() ? "nothing" : end.said), EPERM);
    ::fcntl(out.fuse.get(), F_SETFL, ::fcntl(out.fuse.get(), F_GETFL) | O_NONBLOCK);
    out.who = os::identify_mount(AT_FDCWD, dir.c_str());
    tell(o, out.who);
    return 0;
}

/// Whether a daemon of ours, this or another one, serves what is there now: `place` may have been covered since. An
/// errno.
int on_drainfs(const std::filesystem::path& dir, std::string& error) {
    const auto m = storage::drainfs_below(dir);
    if (!m) return 0;
    if (m->dir == dir.native()) return refuse(error, dir, "is already a drainfs mount; unmount it first", EBUSY);
    return refuse(error, dir, "lies on the drainfs mount " + m->dir + "; choose a place outside of it", EXDEV);
}

int open_device(new_mount& out, const std::filesystem::path& dir, std::string& error) {
    out.fuse.reset(::open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (out.fuse) return 0;
    const int err = errno;
    if (err == ENOENT || err == ENODEV)
        return refuse(error, dir, "this kernel or container has no /dev/fuse (pass --device /dev/fuse)", ENODEV);
    return refuse(
        error, dir,
        std::string{"/dev/fuse cannot be opened: "} + std::strerror(err) + " (chmod 0666 /dev/fuse, or run as root)",
        err);
}

}  // namespace

bool parse_mount_options(const std::vector<std::string>& words, mount_flags& f, std::string& unknown) {
    struct word {
        const char* text;
        bool mount_flags::*flag;
        bool value;
    };
    static constexpr word known[] = {{"ro", &mount_flags::ro, true},
                                     {"rw", &mount_flags::ro, false},
                                     {"nosuid", &mount_flags::nosuid, true},
                                     {"suid", &mount_flags::nosuid, false},
                                     {"nodev", &mount_flags::nodev, true},
                                     {"dev", &mount_flags::nodev, false},
                                     {"noexec", &mount_flags::noexec, true},
                                     {"exec", &mount_flags::noexec, false},
                                     {"noatime", &mount_flags::noatime, true},
                                     {"atime", &mount_flags::noatime, false},
                                     {"relatime", &mount_flags::noatime, false},
                                     {"nodiratime", &mount_flags::nodiratime, true},
                                     {"sync", &mount_flags::sync, true},
                                     {"dirsync", &mount_flags::dirsync, true}};
    for (const auto& w : words) {
        bool found = false;
        for (const auto& k : known)
            if (w == k.text) {
                f.*k.flag = k.value;
                found = true;
            }
        if (!found) {
            unknown = w;
            return false;
        }
    }
    return true;
}

bool in_user_namespace() {
    std::ifstream map{"/proc/self/uid_map"};
    unsigned long inside = 0, outside = 0, count = 0;
    map >> inside >> outside >> count;
    return !(inside == 0 && outside == 0 && count == 4294967295ul);
}

int make_mount(const session_options& o, new_mount& out, std::string& error) {
    mount_flags flags;
    std::string unknown;
    if (!parse_mount_options(o.options, flags, unknown))
        return refuse(
            error, o.dir,
            "unknown mount option \"" + unknown +
                "\" (known: ro rw nosuid suid nodev dev noexec exec noatime atime relatime nodiratime sync dirsync)",
            EINVAL);
    if (const int err = on_drainfs(o.dir, error)) return err;
    unique_fd dir;
    if (o.place >= 0)
        dir.reset(::fcntl(o.place, F_DUPFD_CLOEXEC, 0));
    else if (const int err = storage::open_outside(o.dir, O_PATH | O_DIRECTORY, "mount point", dir, error))
        return err;
    if (!dir) return refuse(error, o.dir, std::string{"cannot be opened: "} + std::strerror(errno), errno);
    if (const auto here = o.seen ? os::look_at(dir.get()) : std::nullopt; here && !os::is_same(*here, *o.seen))
        return refuse(error, o.dir,
                      "you see another directory there than drainfs does: another mount namespace, or root", ESTALE);
    const bool root = ::geteuid() == 0;
    out.allow_other = o.allow_other.value_or(root);
    if (root) {
        if (const int err = open_device(out, o.dir, error)) return err;
        const int err = mount_directly(o, flags, dir.get(), out, error);
        if (err != EPERM) {
            out.direct = err == 0;
            if (err && error.empty())
                refuse(error, o.dir, std::string{"cannot be mounted on: "} + std::strerror(err), err);
            return err;
        }
        if (in_user_namespace())
            return refuse(error, o.dir, "no permission to mount in this namespace (use `unshare -Urm`)", EPERM);
    }
    return mount_by_fusermount(o, flags, out, error);
}

void unmake_mount(const session_options& o, new_mount& made) {
    made.fuse.reset();  // from here on nobody is waited for
    if (!made.root) return unmount_by_fusermount(o.dir.string());
    const auto it = "/proc/thread-self/fd/" + std::to_string(made.root.get());
    ::umount2(it.c_str(), MNT_DETACH);
}

}  // namespace drainlab::fuse
