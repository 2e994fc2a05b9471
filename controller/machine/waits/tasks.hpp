// Tasks of the machine that unmount, that lock a superblock, that serve a FUSE mount.
#pragma once

#include "controller/machine/holders/parse.hpp"
#include "controller/machine/waits/wait_words.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::machine {

/// A thread in the kernel.
struct kernel_task {
    pid_t pid = 0, tid = 0;
    std::string comm;
    std::string wchan;               ///< "" where we may not know
    std::vector<std::string> stack;  ///< innermost first; empty without root
    bool in_umount = false;          ///< the system call it is in is umount2(2)
    std::string path;  ///< what it unmounts, made absolute by its working directory; "" where it cannot be read
    std::optional<std::uint64_t> device;  ///< its system call (ustat, syncfs) is about this one (major << 32 | minor)
    wait_words words;
};

/// Who unmounts, or runs the death of a superblock: everything that is in umount2(2), and every task whose stack shows
/// it. Never waits for a filesystem.
std::vector<kernel_task> unmounting_tasks(const std::string& proc = "/proc");

/// Who has s_umount of the superblock on the device: by ustat(2) (the gate of a drainfs mount, for one) or syncfs(2),
/// exactly. If there is none such: whoever is at work with some superblock locked (sync, remount, freeze, the
/// flusher); then kernel_task::device is empty.
std::vector<kernel_task> superblock_lockers(unsigned major, unsigned minor, const std::string& proc = "/proc");

/// Kernel workers of a loop device that are in the middle of a request to its backing file.
std::vector<kernel_task> loop_workers(const std::string& device, const std::string& proc = "/proc");

/// Threads of these processes that wait for the thaw of a frozen filesystem.
std::vector<kernel_task> waiting_for_thaw(const std::vector<pid_t>& pids, const std::string& proc = "/proc");

/// Who answers for a FUSE connection (the minor number of its device): the process with /dev/fuse open for it, as
/// fdinfo tells since Linux 6.14. 0: not known.
pid_t fuse_server(unsigned minor, const std::string& proc = "/proc");

}  // namespace drainlab::machine
