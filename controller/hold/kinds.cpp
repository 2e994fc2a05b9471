#include "controller/hold/kinds.hpp"

#include "controller/hold/take.hpp"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace drainlab::hold {

namespace {

struct description {
    kind which;
    std::string_view name, seen, explain;
    bool blocks, keeps;
};

constexpr description table[] = {
    {kind::fd, "fd", "fd", "an open file is a reference to its mount", true, true},
    {kind::cwd, "cwd", "cwd", "a working directory is a reference to its mount", true, true},
    {kind::root, "root", "root", "a root directory is a reference to its mount", true, true},
    {kind::mmap, "mmap", "mmap", "a mapping keeps its file open after close(2)", true, true},
    {kind::child, "child", "fd", "a child has inherited the descriptor that its parent closed", true, true},
    {kind::mount_ns, "namespace", "namespace",
     "another mount namespace has a mount of its own: the name here can go, the superblock lives on there", false,
     true},
    {kind::bind, "bind", "bind",
     "a bind mount is a mount of its own: this one can go, the superblock lives on in the other", false, true},
    {kind::nested, "nested", "nested",
     "a mount inside must go first; a lazy umount takes both, so it does not keep the superblock", true, false},
    {kind::pinned_inode, "pinned-inode", "fd", "an O_PATH descriptor opens nothing and still pins inode and mount",
     true, true},
    {kind::unix_socket, "unix-socket", "unix-socket",
     "a bound socket refers to its file and mount, also when the file is unlinked", true, true},
    {kind::loop, "loop", "loop", "a loop device has its backing file open in the kernel: no process shows it", true,
     true},
    {kind::overlay, "overlay", "overlay",
     "an overlay has a private copy of the mount its layer is on: the name here can go, the superblock lives on", false,
     true},
    {kind::io_uring, "io-uring", "io-uring",
     "a file registered with an io_uring stays open without a descriptor, until the ring is gone", true, true},
    {kind::fork_race, "fork-race", "fd",
     "a child has every descriptor of its parent until its exec, close-on-exec or not: a close in the parent is not "
     "the last",
     true, true},
};

const description& of(kind k) { return table[static_cast<int>(k)]; }

/// Maps a file.
int map_file(const std::string& dir, std::string& step) {
    const os::unique_fd fd = some_file(dir, step);
    if (!fd) return errno;
    if (::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd.get(), 0) == MAP_FAILED)
        return failed(step, "mmap of a file in " + dir);
    return 0;
}

/// A namespace of our own: with a user namespace around it where we may not do it directly.
int own_namespace(int flags, std::string& step) {
    if (unshare(flags) == 0) return 0;
    if (errno != EPERM) return failed(step, "unshare");
    if (unshare(CLONE_NEWUSER | flags) != 0) return failed(step, "unshare with a user namespace");
    return 0;
}

int take_root(const std::string& dir, std::string& step) {
    if (chroot(dir.c_str()) == 0) return 0;
    if (errno != EPERM) return failed(step, "chroot " + dir);
    if (unshare(CLONE_NEWUSER) != 0) return failed(step, "unshare(CLONE_NEWUSER), for chroot");
    return chroot(dir.c_str()) == 0 ? 0 : failed(step, "chroot " + dir);
}

int take_namespace(std::string& step) {
    if (const int error = own_namespace(CLONE_NEWNS, step)) return error;
    // Else an umount outside would be propagated to our copy.
    return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 ? 0 : failed(step, "make mounts private");
}

int take_bind(const std::string& dir, const std::string& scratch, traces& left, std::string& step) {
    left.made = scratch + "/bind";
    if (mkdir(left.made.c_str(), 0700) != 0) return failed(step, "mkdir " + left.made);
    if (mount(dir.c_str(), left.made.c_str(), nullptr, MS_BIND, nullptr) != 0)
        return failed(step, "bind mount of " + dir);
    left.mounted = left.made;
    return 0;
}

int take_nested(const std::string& dir, traces& left, std::string& step) {
    std::string inside = dir + "/.drainlab-hold-XXXXXX";
    if (mkdtemp(inside.data()))
        left.made = inside;
    else
        inside = first_entry(dir, DT_DIR);
    if (inside.empty()) return failed(step, "make a directory to mount on in " + dir + " (and it has none)");
    if (mount("drainlab-hold", inside.c_str(), "tmpfs", 0, "size=64k") != 0)
        return failed(step, "mount a tmpfs on " + inside);
    left.mounted = inside;
    return 0;
}

/// The descriptor goes to a child, which ends when its parent does.
int take_child(const std::string& dir, traces& left, std::string& step) {
    const os::unique_fd fd{open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd) return failed(step, "open " + dir);
    machine::birth how;
    how.descriptors = {{fd.get(), 3}};
    how.dies_with_us = true;
    return take_by(left, step, machine::child::start(how, [] {
                       for (;;) pause();
                       return 0;
                   }));
}

int take_fd(const std::string& path, int flags, std::string& step) {
    return open(path.c_str(), flags | O_CLOEXEC) >= 0 ? 0 : failed(step, "open " + path);
}

}  // namespace

std::string_view name_of(kind k) { return of(k).name; }
bool blocks_umount(kind k) { return of(k).blocks; }
bool keeps_superblock(kind k) { return of(k).keeps; }
std::string_view seen_as(kind k) { return of(k).seen; }
std::string_view explain(kind k) { return of(k).explain; }

std::optional<kind> kind_named(std::string_view name) {
    for (const auto& d : table)
        if (d.name == name) return d.which;
    return std::nullopt;
}

std::vector<std::string> kind_names() {
    std::vector<std::string> names;
    for (const auto& d : table) names.emplace_back(d.name);
    return names;
}

int take(kind k, const std::string& dir, const std::string& scratch, traces& left, std::string& step) {
    switch (k) {
        case kind::fd: return take_fd(dir, O_RDONLY | O_DIRECTORY, step);
        case kind::cwd: return chdir(dir.c_str()) == 0 ? 0 : failed(step, "chdir " + dir);
        case kind::root: return take_root(dir, step);
        case kind::mmap: return map_file(dir, step);
        case kind::child: return take_child(dir, left, step);
        case kind::mount_ns: return take_namespace(step);
        case kind::bind: return take_bind(dir, scratch, left, step);
        case kind::nested: return take_nested(dir, left, step);
        case kind::pinned_inode: return take_fd(dir, O_PATH, step);
        case kind::unix_socket: return take_unix_socket(dir, step);
        case kind::loop: return take_loop(dir, left, step);
        case kind::overlay: return take_overlay(dir, scratch, left, step);
        case kind::io_uring: return take_io_uring(dir, step);
        case kind::fork_race: return take_fork_race(dir, left, step);
    }
    return EINVAL;
}

void remove(const traces& left) {
    if (!left.mounted.empty() && umount2(left.mounted.c_str(), UMOUNT_NOFOLLOW) != 0 && errno == EBUSY)
        umount2(left.mounted.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH);
    if (!left.made.empty()) rmdir(left.made.c_str());
}

}  // namespace drainlab::hold
