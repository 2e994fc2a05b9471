// One FUSE mount: its descriptor on the loop, its requests turned into calls on the filesystem.
#pragma once
#include "fusefs/fault/rules.hpp"
#include "fusefs/os/mount_identity.hpp"
#include "fusefs/os/unique_fd.hpp"
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
struct new_mount;

/// What make_mount() is told. Paths and words were checked before.
struct session_options {
    std::filesystem::path dir;  ///< absolute, without symlinks; an existing directory, not on a drainfs mount
    std::string name;           ///< becomes the mount's source in mountinfo
    int place{-1};              ///< `dir`, opened with O_PATH by somebody who may wait; borrowed. -1: opened here
    std::optional<bool> allow_other{};         ///< default: on as root and in a user namespace, off otherwise
    std::optional<os::seen_directory> seen{};  ///< what who asked sees at `dir`: ESTALE if we see something else
    std::vector<std::string>
        options{};  ///< ro rw nosuid suid nodev dev noexec exec noatime atime relatime nodiratime sync dirsync
    /// Told, in the thread that mounts and before anybody can see the mount, which one it will be; where fusermount3
    /// makes it first nobody, then the mount once it is there. May be empty.
    std::function<void(const os::mount_identity&)> on_identity{};
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
    pid_t tid{};             ///< the calling thread, as FUSE reports it
    int device{-1};          ///< the connection, and
    std::uint64_t unique{};  ///< the number by which the kernel knows the request there: for who lays an answer ready
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
    /// /dev/fuse gave ENODEV: the superblock, or the connection, is dead. Once,
    /// from the loop, not from within a handler; no callback comes afterwards.
    std::function<void()> on_end;
    /// A request that must not come any more (answered EIO): what and by whom.
    std::function<void(std::string)> on_violation;
    /// A thread whose requests no fault touches: it waits in them on purpose.
    std::function<bool(pid_t)> is_spared;
    /// A request failed in a way that nobody foresaw (it has been answered): for the log.
    std::function<void(std::string)> on_trouble;
};

/// Since the session began; `open_files`, `inodes` and `parked` are as of now.
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
    /// Begins to serve what make_mount() has made (from the next turn of the loop on).
    /// `fs` has its superblock; it and `env` outlive the session. On failure null, with
    /// the reason in `error`: the mount is left in the name space, its connection over.
    static std::unique_ptr<session> create(new_mount made, const environment& env, storage::filesystem& fs,
                                           session_events events, std::string& error);
    /// Allowed after on_end, from a later turn of the loop; or earlier, to give up: then the connection
    /// ends, holders get ENOTCONN, and the mount stays in the name space until somebody unmounts it.
    /// Requests still being worked on are answered EIO; their fibers must not run any more.
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    /// Which mount it is, wherever it is moved. Names nobody if it could not be learned.
    const os::mount_identity& mount_id() const noexcept;
    /// By the mount system calls (true) or by fusermount3.
    bool direct_mount() const noexcept;
    bool allow_other() const noexcept;

    /// Before the mimicked shutdown: reads the descriptor empty, so that every RELEASE is in, then
    /// returns when every request being worked on has been answered, but the STATFS that the owner
    /// keeps. From the call on, RELEASE, FORGET and INTERRUPT are bookkeeping, STATFS goes to on_statfs,
    /// anything else gets EIO and on_violation. Await it in a fiber of the model's scheduler.
    sched::task<> prepare_shutdown();
    /// Lets go of the store's directories that are still open: nobody will read them any more.
    void close_directories();
    bool dying() const noexcept;
    bool ended() const noexcept;
    session_counters counters() const;

    /// Faults by operation; see fault::rules. False: there is one of this name.
    bool add_fault(fault::rule r);
    /// What waits under them goes on. @return how many there were.
    std::size_t clear_faults(const std::string& name);
    /// @return how many requests hung.
    std::size_t release_faults(const std::string& name);
    const fault::rules& faults() const noexcept;
    /// To be called when the filesystem's device has other limits: it may delay requests now that it did not.
    void device_changed();

    struct impl;  ///< for the request handlers

  private:
    explicit session(std::unique_ptr<impl> impl);
    std::unique_ptr<impl> impl_;
};

}  // namespace drainlab::fuse
