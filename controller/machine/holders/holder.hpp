// Who keeps a filesystem busy, or alive, as far as the kernel shows it to us.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace drainlab::machine {

/// One thing that holds a superblock.
struct holder {
    pid_t pid = 0;     ///< 0 where no process is known: a mount, a loop device, swap
    std::string comm;  ///< the process's name; a nested mount's type; a loop device; an overlay's mount point
    std::string kind;  ///< fd cwd root exe mmap call unix-socket io-uring loop swap overlay nested bind namespace
    std::string path;  ///< as the kernel shows it; a mount point for the last three
    std::uint64_t mntns = 0;  ///< inode of the mount namespace, 0 where unknown
    bool blocks = true;    ///< a plain umount fails with EBUSY because of it; else it only keeps the superblock alive
    std::string detail{};  ///< more for people: which thread, which descriptor, the pid that it calls itself

    bool blocks_umount() const noexcept { return blocks; }
};

/// A kind of holder that cannot be seen from here, or only guessed at.
struct unseen_kind {
    std::string kind;   ///< process stuck pid-namespace mount-namespace in-flight overlay swap ring kernel
    std::string what;   ///< what may hold, and why it cannot be seen
    std::string shows;  ///< what would show it
};

/// What find_holders() saw, and what it could not see.
struct holders_found {
    std::vector<holder> holders;
    int unseen = 0;  ///< processes whose descriptors we were not allowed to look at
    std::vector<unseen_kind> unseen_kinds;

    bool any_blocks() const noexcept;
};

/// What is looked for: a superblock by its device number, and the mount point that is to be left.
struct target {
    unsigned major = 0, minor = 0;
    std::string dir;          ///< empty after a lazy detach: nothing in our namespace is the mount any more
    std::string former = {};  ///< then: where it was, for what remembers paths only
};

/// Looks through every process and thread that `proc` shows (descriptors, cwd, root, program, mappings, io_uring
/// files, sockets bound there), through all mount namespaces that can be seen (copies, nested mounts, overlays), loop
/// devices and swap. Sends no request to any filesystem and never waits for one: what could wait is done by a child
/// with a deadline. Leaves this process out. Thread: any one at a time; it forks.
holders_found find_holders(const target& what, const std::string& proc = "/proc", const std::string& sys = "/sys");

/// `pid 123 (bash): working directory: /mnt/x` for people.
std::string describe(const holder& h);
/// What may hold without being seen, and what would show it, in one line.
std::string describe(const unseen_kind& k);
/// What to tell about processes that could not be looked at; empty when there were none.
std::string describe_unseen(int unseen);

}  // namespace drainlab::machine
