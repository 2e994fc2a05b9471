// Where a store lives: a directory the user names, or a private one in memory.
#pragma once
#include "fusefs/storage/private_memory.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace drainlab::storage {

/// An open store directory. Ownership: the descriptor, and a private directory itself.
struct root_directory {
    unique_fd fd;                    ///< a real directory descriptor (O_DIRECTORY)
    bool in_memory{};                ///< tmpfs or ramfs: its calls never touch a disk
    bool is_private{};               ///< nobody but us changes it
    memory_directory memory;         ///< if its own: removed at the end
    std::filesystem::path fallback;  ///< not empty: a directory of ours to remove at the end (see open_private_root)
    unique_fd fallback_lock;         ///< says that its owner lives, however that ends

    root_directory() = default;
    root_directory(root_directory&&) = default;
    root_directory& operator=(root_directory&&) = default;
    ~root_directory();
    /// Lets go of the directory, and removes it where it is private.
    void close();
};

/// Opens the directory `path`: absolute, without symlinks (see open_outside()). @param
/// error  on failure, a sentence with the path, what is wrong and what would be right. @return errno, 0 if
/// fine. ENOTDIR if it is no directory, EXDEV if it lies on a drainfs mount (a daemon must never call itself).
int open_root(const std::filesystem::path& path, root_directory& out, std::string& error);

/// Makes a private directory in `memory`, which is gone with us, so also after SIGKILL. Where there can be none: a
/// 0700 directory `drainlab-store-PID-XXXXXX` in /dev/shm or the temporary directory, removed at exit; after SIGKILL
/// the next call removes it (its lock file is no longer held).
int open_private_root(private_memory& memory, root_directory& out, std::string& error);

/// Removes fallback directories whose owner is dead. @return how many.
int sweep_private_roots();

}  // namespace drainlab::storage
