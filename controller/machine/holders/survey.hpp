// One look at the machine for holders of one superblock: what the single kinds share.
#pragma once

#include "controller/machine/holders/holder.hpp"
#include "controller/machine/mountinfo.hpp"

#include <sys/stat.h>

#include <map>
#include <optional>

namespace drainlab::machine {

/// A process of the survey, or one of its threads.
struct process {
    pid_t pid = 0;
    std::string dir;  ///< <proc>/<pid>
    std::uint64_t mntns = 0;
};

/// A mount namespace, and who shows it to us.
struct namespace_seen {
    std::vector<mount_line> mounts;
    pid_t pid = 0;        ///< a process in it; 0: none, something else keeps it
    std::string by = {};  ///< then: what keeps it, e.g. "bound on /run/netns/x"
};

/// What statx(2) says about a file without asking its filesystem.
struct place {
    unsigned major = 0, minor = 0;
    std::uint64_t inode = 0, mount = 0;  ///< mount: mountinfo's id, 0 where the kernel does not tell
    unsigned mode = 0;
};
/// Through a link of /proc or a path of the kernel's own filesystems only.
std::optional<place> place_of(const std::string& link);

/// A descriptor that is a socket.
struct socket_seen {
    std::uint64_t inode = 0;
    process of;
    std::string number;
};

/// The text of a link, or "".
std::string link_text(const std::string& link);
/// `mnt:[4026531841]` of a link: the number, 0 if it is none.
std::uint64_t namespace_number(std::string_view text);

/// One look at the machine for holders of one superblock: what is looked at, and what was found. Thread: one.
struct survey {
    survey(const target& what, const std::string& proc, const std::string& sys);

    const target& what;
    const std::string proc, sys;
    std::uint64_t our_ns = 0;
    std::optional<mount_line> self;  ///< the mount that is to be left
    std::vector<process> processes;
    std::vector<socket_seen> sockets;                    ///< of the processes
    std::map<std::uint64_t, namespace_seen> namespaces;  ///< by inode, ours too
    holders_found found;

    const std::vector<mount_line>& ours() { return namespaces[our_ns].mounts; }
    bool is_target(unsigned major, unsigned minor) const noexcept { return major == what.major && minor == what.minor; }
    bool is_target(const mount_line& m) const noexcept { return is_target(m.major, m.minor); }
    /// A file of the superblock: by its device, or by its mount where files of one superblock have several devices
    /// (btrfs, overlay).
    bool lies_on(const place& p) const noexcept;
    /// Whether a path, as text, leads onto the superblock in this namespace.
    bool names_target(std::string_view path, const std::vector<mount_line>& in) const;
    /// Whether a reference to this mount makes a plain umount fail: it is the mount itself, or a copy that umount
    /// would take along.
    bool blocks(std::uint64_t mount, std::uint64_t ns);
    /// The same of what has only a path: by the mount that it leads onto in that namespace. A relative one blocks, as
    /// far as can be told.
    bool blocks_by_path(std::string_view path, std::uint64_t ns);

    void add(const process& p, std::string kind, std::string path, bool blocks, std::string detail = {});
    void may_hold(std::string kind, std::string what, std::string shows);
};

/// The name of a process; that of a kernel thread in brackets.
std::string name_of_process(const std::string& dir);

// The kinds, in the order of the survey. Each adds what it finds.
void find_in_processes(
    survey& s);               ///< fd, cwd, root, exe; io-uring; descriptors in flight; namespaces kept by descriptors
void find_calls(survey& s);   ///< call: a path that somebody walks right now
void find_mapped(survey& s);  ///< mmap
void find_namespaces(survey& s);     ///< fills survey::namespaces with those that have no process
void find_copies(survey& s);         ///< bind, nested, namespace
void find_overlays(survey& s);       ///< overlay
void find_unix_sockets(survey& s);   ///< unix-socket
void find_loop_devices(survey& s);   ///< loop
void find_swap(survey& s);           ///< swap
void say_what_is_unseen(survey& s);  ///< what is left when nothing of the above explains it

/// One descriptor, `number` in the table of `dir` (/proc/PID or /proc/PID/task/TID of p).
void look_at_ring(survey& s, const process& p, const std::string& dir, const std::string& number);
/// One descriptor that is a socket: bound to a file there, or with such descriptors on their way in it.
void look_at_socket(survey& s, const process& p, const std::string& dir, const std::string& number);

}  // namespace drainlab::machine
