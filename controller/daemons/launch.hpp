// Starting daemons: one in the background that outlives us, or a private one that dies with us.
#pragma once

#include "controller/daemons/failure.hpp"
#include "controller/machine/child.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace drainlab::daemons {

/// The daemon's program, and what to tell it on its command line; an empty optional leaves the daemon's own default.
struct daemon_options {
    std::string program{"drainfs"};      ///< a name (beside our own binary, or on PATH) or an absolute path
    std::optional<std::string> profile;  ///< a name or a file
    std::optional<std::string> policy;
    std::optional<std::string> identity;  ///< auto, cgroup, session
    std::optional<std::string> cgroup_root;
    std::optional<std::string> umount_wait;           ///< auto, gate, api
    std::optional<std::string> page_cache;            ///< drop, keep
    std::optional<std::chrono::milliseconds> linger;  ///< life after the last mount; 0: for ever
    std::optional<std::string> own_directory;         ///< goes with the daemon when `owner` is gone by then
    pid_t owner = 0;                                  ///< the process that made own_directory
    std::string socket;  ///< of a private daemon, where others find it; empty: in its own directory
};

/// Held while a daemon is started on a socket, or its leftovers are removed. Let go of by its destruction.
using socket_lock = std::shared_ptr<void>;

/// Takes it: an exclusive flock on `X.lock` beside `X.sock`; the file goes with it. Waits at most 30 s (`timed_out`).
result<socket_lock> lock_socket(const std::string& socket);

/// Makes sure that a daemon answers on `socket`, starting one in the background if none does: its own
/// session, cwd /, standard streams on `<socket without .sock>.log`, no other descriptor of ours. Callers
/// on one socket take turns under a lock (`X.lock` for `X.sock`, gone afterwards), so two at once start
/// one daemon. Returns when it answers, or with the daemon's own words when it could not start.
result<void> ensure_daemon(const std::string& socket, const daemon_options& options);

/// A daemon of our own, with a socket in a fresh 0700 directory. It ends when this object, or our
/// process, does: a pipe (`--lifeline`) tells it. Linger is 0 (for ever) unless given. On a
/// socket that is given nobody may answer yet (exit 2); the log is in its directory all the same.
///
/// Ownership: the process, its directory and its log. Move-only. Thread: any one at a time.
class private_daemon {
  public:
    /// Blocks until the daemon answers (10 s at most).
    static result<private_daemon> start(daemon_options options);
    private_daemon(private_daemon&& other) noexcept;
    private_daemon& operator=(private_daemon&& other) noexcept;
    /// Stops it as stop() with 10 s does, and drops the outcome.
    ~private_daemon();

    const std::string& socket() const noexcept { return socket_; }
    const std::string& log() const noexcept { return log_; }
    const std::string& directory() const noexcept { return directory_; }
    pid_t pid() const noexcept { return process_.pid(); }

    /// A directory `name` (0700) in its own, for a mount point; removed with the rest.
    result<std::string> make_directory(const std::string& name) const;

    /// Asks for the end (closes the lifeline) and waits; kills it after `limit`. Then removes mounts it left (ENOTCONN)
    /// and its directory. The exit status of the daemon as waitpid() gives it, or `timed_out` when it had to be killed.
    result<int> stop(std::chrono::milliseconds limit);
    /// SIGKILL; does not wait.
    void kill() noexcept;
    /// Whether it has ended by itself (reaped then; the log says why). Does not block.
    bool has_died();

  private:
    private_daemon() = default;
    std::string directory_, socket_, log_;
    machine::child process_;
    os::unique_fd lifeline_;
};

/// The socket path by the rule: `given` if not empty; else `<mount-namespace inode>.sock` in
/// `$XDG_RUNTIME_DIR/drainlab`, else for root in /run/drainlab, else in a directory
/// `drainlab-<uid>` (as those outside of our user namespace call us) in $TMPDIR, or else in
/// the first of /tmp, /var/tmp, /dev/shm that can be written to. Makes the default directory
/// (0700) and refuses one that is not ours, or a symbolic link, or open to others (exit 2).
result<std::string> socket_path(const std::string& given);

/// Removes a directory made by private_directory(): its files, its empty directories, itself. Never
/// what lies deeper: a mount that is still there keeps its files. False when something stayed.
bool remove_private_directory(const std::string& dir);

/// $TMPDIR if there is such a directory, else the first that can be written to of /tmp, /var/tmp, /dev/shm.
std::string temporary_directory();

/// A fresh 0700 directory `<prefix>-<our os::process_identity>-XXXXXX` in the default socket
/// directory, or, where there can be none, beside `socket` if that is given. The caller removes it.
result<std::string> private_directory(const std::string& prefix, const std::string& socket = {});

/// The socket's companions: `X.log` and `X.state` for `X.sock` (docs/api.md).
std::string log_beside(const std::string& socket);
/// The record of what the daemon owns; a daemon that ends in order removes it.
std::string state_beside(const std::string& socket);

}  // namespace drainlab::daemons
