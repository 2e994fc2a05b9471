#include "fusefs/storage/root_directory.hpp"

#include "fusefs/os/pass_fd.hpp"
#include "fusefs/storage/open_outside.hpp"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>

namespace drainlab::storage {

namespace {

constexpr long tmpfs_magic = 0x01021994, ramfs_magic = 0x858458f6;
constexpr unsigned fsconfig_set_string = 1, fsconfig_cmd_create = 6, fsopen_cloexec = 1, fsmount_cloexec = 1;
constexpr std::string_view fallback_prefix = "drainlab-store-";

long fs_type(int fd) {
    struct statfs s {};
    return ::fstatfs(fd, &s) == 0 ? static_cast<long>(s.f_type) : 0;
}

std::string cannot(const std::filesystem::path& path, const char* what, int err) {
    return "store " + path.string() + ": " + what + ": " + std::strerror(err);
}

/// A tmpfs that is mounted nowhere: openat() works relative to the descriptor; the kernel frees it with the last one.
unique_fd detached_tmpfs() {
    const unique_fd fs{static_cast<int>(::syscall(SYS_fsopen, "tmpfs", fsopen_cloexec))};
    if (!fs) return {};
    if (::syscall(SYS_fsconfig, fs.get(), fsconfig_set_string, "mode", "0755", 0) != 0) return {};
    if (::syscall(SYS_fsconfig, fs.get(), fsconfig_cmd_create, nullptr, nullptr, 0) != 0) return {};
    const unique_fd mount{static_cast<int>(::syscall(SYS_fsmount, fs.get(), fsmount_cloexec, 0))};
    if (!mount) return {};
    return unique_fd{::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

bool write_file(const char* path, const std::string& text) {
    const unique_fd fd{::open(path, O_WRONLY | O_CLOEXEC)};
    return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// In the child: a user namespace with our own ids mapped one to one, so that files look the same to both sides.
void serve_tmpfs_from_namespace(int socket, uid_t uid, gid_t gid) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return;
    write_file("/proc/self/setgroups", "deny");
    if (!write_file("/proc/self/uid_map", std::to_string(uid) + " " + std::to_string(uid) + " 1")) return;
    if (!write_file("/proc/self/gid_map", std::to_string(gid) + " " + std::to_string(gid) + " 1")) return;
    if (const unique_fd fd = detached_tmpfs()) os::send_fd(socket, fd.get());
}

unique_fd tmpfs_from_namespace() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return {};
    unique_fd ours{pair[0]}, theirs{pair[1]};
    const uid_t uid = ::geteuid();
    const gid_t gid = ::getegid();
    const pid_t child = ::fork();
    if (child == 0) {
        serve_tmpfs_from_namespace(theirs.get(), uid, gid);
        ::_exit(0);
    }
    theirs.reset();
    unique_fd fd = child > 0 ? os::receive_fd(ours.get()) : unique_fd{};
    if (child > 0) ::waitpid(child, nullptr, 0);
    return fd;
}

std::filesystem::path fallback_parent() {
    if (::access("/dev/shm", W_OK | X_OK) == 0) return "/dev/shm";
    std::error_code ignored;
    return std::filesystem::temp_directory_path(ignored);
}

int make_fallback(root_directory& out, std::string& error) {
    const auto parent = fallback_parent();
    std::string name = (parent / (std::string{fallback_prefix} + std::to_string(::getpid()) + "-XXXXXX")).string();
    if (!::mkdtemp(name.data())) {
        const int err = errno;
        error = cannot(name, "no private store can be made (name one with --store DIR)", err);
        return err;
    }
    out.fallback = name;
    // The lock says that we live; it goes with us however we end.
    out.fallback_lock.reset(::open((name + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (out.fallback_lock) ::flock(out.fallback_lock.get(), LOCK_EX | LOCK_NB);
    out.fd.reset(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return out.fd ? 0 : errno;
}

bool owner_is_dead(const std::filesystem::path& directory) {
    const unique_fd lock{::open((directory.string() + ".lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)};
    return lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

root_directory::~root_directory() { close(); }

void root_directory::close() {
    fd.reset();
    if (fallback.empty()) return;
    std::error_code ignored;
    std::filesystem::remove_all(fallback, ignored);
    std::filesystem::remove(fallback.string() + ".lock", ignored);
    fallback.clear();
    fallback_lock.reset();
}

int open_root(const std::filesystem::path& path, root_directory& out, std::string& error, os::mount_lines mounts) {
    if (const int err = open_outside(path, O_RDONLY | O_DIRECTORY, "store", out.fd, error, std::move(mounts)))
        return err;
    const long type = fs_type(out.fd.get());
    out.in_memory = type == tmpfs_magic || type == ramfs_magic;
    return 0;
}

int open_private_root(root_directory& out, std::string& error) {
    out.fd = detached_tmpfs();
    if (!out.fd && ::geteuid() != 0) out.fd = tmpfs_from_namespace();
    if (!out.fd) {
        sweep_private_roots();
        if (const int err = make_fallback(out, error)) return err;
    }
    const long type = fs_type(out.fd.get());
    out.in_memory = type == tmpfs_magic || type == ramfs_magic;
    out.is_private = true;
    return 0;
}

int sweep_private_roots() {
    int swept = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{fallback_parent(), ignored}) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(fallback_prefix) || name.ends_with(".lock")) continue;
        if (!owner_is_dead(entry.path())) continue;
        std::filesystem::remove_all(entry.path(), ignored);
        std::filesystem::remove(entry.path().string() + ".lock", ignored);
        ++swept;
    }
    return swept;
}

}  // namespace drainlab::storage
