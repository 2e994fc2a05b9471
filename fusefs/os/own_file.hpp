// Files that are believed because nobody else could have written them, and locks that say that somebody lives.
#pragma once
#include "fusefs/os/unique_fd.hpp"

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

namespace drainlab::os {

/// Why what lies at `path` is not to be believed: another user could have made it, or put it there. Empty: it is ours.
/// A directory must be ours or root's, and writable by nobody else unless it is sticky; a file must be a regular one
/// (or a socket) of ours with one name and no write permission for others. An absent file in such a directory is fine.
std::string why_not_ours(const std::string& path);

/// The text of a regular file that is ours (why_not_ours()), at most `limit` bytes. Nothing, with `why`, otherwise;
/// `why` is empty if there is none. Never waits for a writer, never follows a symbolic link.
std::optional<std::string> read_own_file(const std::string& path, std::size_t limit, std::string& why);

/// A lock on a file that is held as long as this process lives (or this object). The kernel lets go of it, however we
/// end; it means the same in every pid namespace. A child that keeps the descriptor keeps the lock: ours close it, by
/// exec(2) or before.
class life_lock {
  public:
    life_lock() = default;
    /// Makes the file (0600) if need be. Not held if another process holds it; errno says why not.
    static life_lock take(const std::string& path);
    explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

  private:
    unique_fd fd_;
};

/// Whether somebody (else) holds the life_lock of `path`. Nothing if there is no such file, or it cannot be asked.
std::optional<bool> is_locked(const std::string& path);

}  // namespace drainlab::os
