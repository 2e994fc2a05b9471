#include "fusefs/storage/private_memory.hpp"

#include "fusefs/os/own_table.hpp"
#include "fusefs/os/pass_fd.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace drainlab::storage {

namespace {

constexpr unsigned fsconfig_set_string = 1, fsconfig_cmd_create = 6, fsopen_cloexec = 1, fsmount_cloexec = 1;

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

/// Its files go, its directories go up to `top`, under names that are then `left`.
void empty(int top, const std::string& dir, const std::string& name, std::vector<std::string>& left, unsigned& moved) {
    ::fchmodat(top, dir.c_str(), 0700, 0);
    const int fd = ::openat(top, dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR* const all = fd >= 0 ? ::fdopendir(fd) : nullptr;
    if (!all) return;
    while (const dirent* const e = ::readdir(all)) {
        if (std::strcmp(e->d_name, ".") == 0 || std::strcmp(e->d_name, "..") == 0) continue;
        if (::unlinkat(fd, e->d_name, 0) == 0 || errno != EISDIR) continue;
        ::fchmodat(fd, e->d_name, 0700, 0);  // its own ".." is going to change
        auto up = name + "-" + std::to_string(++moved);
        if (::renameat(fd, e->d_name, top, up.c_str()) == 0) left.push_back(std::move(up));
    }
    ::closedir(all);
}

}  // namespace

void remove_tree(int dir, const std::string& name) {
    std::vector<std::string> left{name};
    unsigned moved = 0;
    while (!left.empty()) {
        const auto one = std::move(left.back());
        left.pop_back();
        empty(dir, one, name, left, moved);
        ::unlinkat(dir, one.c_str(), AT_REMOVEDIR);
    }
}

void memory_directory::remove() {
    const auto memory = std::move(memory_);
    if (!memory || ::unlinkat(memory->get(), name_.c_str(), AT_REMOVEDIR) == 0 || errno != ENOTEMPTY) return;
    try {
        std::thread{[memory, name = name_] {
            os::block_signals();
            remove_tree(memory->get(), name);
        }}.detach();
    } catch (const std::system_error&) { remove_tree(memory->get(), name_); }
}

unique_fd private_memory::make(memory_directory& out) {
    if (!memory_) {
        auto fd = detached_tmpfs();
        if (!fd && ::geteuid() != 0) fd = tmpfs_from_namespace();
        if (!fd) return {};
        memory_ = std::make_shared<unique_fd>(std::move(fd));
    }
    auto name = std::to_string(++made_);
    if (::mkdirat(memory_->get(), name.c_str(), 0700) != 0) return {};
    out = {memory_, name};
    unique_fd fd{::openat(memory_->get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return fd && ::fchmod(fd.get(), 0755) == 0 ? std::move(fd) : unique_fd{};  // whatever our umask is
}

}  // namespace drainlab::storage
