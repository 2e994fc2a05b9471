// Small facts about this process and others.
#pragma once
#include <sys/types.h>

#include <cstdint>

namespace drainlab::control {

/// Whether there is a process of that number now, a zombie included.
bool process_exists(pid_t pid) noexcept;
/// The inode number of /proc/self/ns/mnt; 0 if unknown.
std::uint64_t mount_namespace() noexcept;

}  // namespace drainlab::control
