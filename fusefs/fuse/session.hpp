// One FUSE mount: its descriptor on the loop, its requests turned into calls on the filesystem.
#pragma once
#include "fusefs/sched/task.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}
namespace drainlab::storage {
class filesystem;
}
namespace drainlab::kernel {
struct host;
}

namespace drainlab::fuse {

class identity;

struct session_options {
    std::filesystem::path dir;          ///< absolute, without symlinks; an existing directory, not on a drainfs mount
    std::string name;                   ///< becomes the mount's source in mountinfo
    std::optional<bool> allow_other{};  ///< default: on as root and in a user namespace, off otherwise
    std::vector<std::string>
        options{};  ///< ro rw nosuid suid nodev dev noexec exec noatime atime relatime nodiratime sync dirsync
};

/// What all sessions of a process share; outlives them. Loop thread only.
struct environment {
    boost::asio::io_context& io;
    kernel::host& host;
    identity& callers;
};

/// A FUSE_STATFS that waits for its answer; answered at most once, at the latest when the session goes. Thread: loop.
struct statfs_call {
    virtual ~statfs_call() = default;
    pid_t tid{};  ///< the calling thread, as FUSE reports it
    /// Replies, with no figures (who keeps a call knows its caller, who wants none); a second call does nothing.
    virtual void answer() = 0;
    /// Also true after FUSE_INTERRUPT (the session then answers EINTR at once), and after the end.
    virtual bool answered() const = 0;
};

/// What a session tells its owner, on the loop thread. Any of them may be empty.
struct session_events {
    /// True: the owner keeps the call and answers it later. False: an ordinary caller, the session answers.
    std::function<bool(std::shared_ptr<statfs_call>)> on_statfs;
    /// A call that the owner had kept was interrupted and has been answered EINTR.
    std::function<void(const statfs_call&)> on_statfs_interrupted;
    /// INIT is done: the mount serves.
    std::function<void()> on_ready;
    /// /dev/fuse gave ENODEV: the superblock, or the connection, is dead. Once, from the loop, not from within a handler; no
    /// callback comes afterwards.
    std::function<void()> on_end;
    /// A request that must not come any more (answered EIO): what and by whom.
    std::function<void(std::string)> on_violation;
};

struct session_counters {
    std::uint64_t requests{};
    std::uint64_t guessed_bytes{};   ///< written by mapping or from the kernel's cache: charged to the opener's memcg
    std::uint64_t unknown_caller{};  ///< requests whose caller could not be told: charged to the root memcg
    std::uint64_t open_files{};      ///< files and directories not yet released
    std::uint64_t inodes{};          ///< that the kernel knows (lookup count above 0)
    std::uint64_t parked{};          ///< requests being worked on; the STATFS kept by the owner not counted
};

/// Thread: everything on the loop thread. Never makes a system call on its own mount that would need itself.
class session {
  public:
    /// Mounts and begins to serve (from the next turn of the loop on). `fs` has its superblock; it and `env` outlive the session.
    /// @param err, error  on failure (null): errno and one sentence: the path, what is wrong, what would be right. EBUSY: already a drainfs
    /// mount; EXDEV: lies on one; EINVAL: unknown mount option; EACCES, EPERM: may not (says what would help).
    static std::unique_ptr<session> create(const session_options& options, const environment& env,
                                           storage::filesystem& fs, session_events events, int& err,
                                           std::string& error);
    /// Allowed after on_end, from a later turn of the loop; or earlier, to give up: then the connection ends, holders get ENOTCONN, and the
    /// mount stays in the name space until somebody unmounts it. Precondition: counters().parked == 0.
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// st_dev of the superblock, learned while mounting. 0 if it could not be learned.
    dev_t st_dev() const noexcept;
    /// STATX_MNT_ID_UNIQUE, which fanotify reports; 0 before Linux 6.8.
    std::uint64_t mount_id() const noexcept;
    /// By the mount system calls (true) or by fusermount3.
    bool direct_mount() const noexcept;
    bool allow_other() const noexcept;

    /// Before the mimicked shutdown: reads the descriptor empty, so that every RELEASE is in, then returns when every request being worked
    /// on has been answered, but the STATFS that the owner keeps. From the call on, RELEASE, FORGET and INTERRUPT are bookkeeping, STATFS
    /// goes to on_statfs, anything else gets EIO and on_violation. Await it in a fiber of the model's scheduler.
    sched::task<> prepare_shutdown();
    bool dying() const noexcept;
    bool ended() const noexcept;
    session_counters counters() const;

    struct impl;  ///< for the request handlers

  private:
    explicit session(std::unique_ptr<impl> impl);
    std::unique_ptr<impl> impl_;
};

}  // namespace drainlab::fuse
