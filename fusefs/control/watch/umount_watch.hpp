// Notices that mounts end, and makes their unmounters wait: the daemon's use of drainfs-gate and of the detach events.
// What is done when is the business of the machines in fsm.hpp (a mount) and gate_fsm.hpp (the gate);
// docs/unmount-watch.md says it in words.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}
namespace drainlab::fuse {
struct statfs_call;
}
namespace drainlab::trace {
class hub;
}

namespace drainlab::control {

/// What the watch tells a mount. Called on the loop thread, from the loop.
struct umount_events {
    /// The gate holds the superblock: from now on an unmount waits. Or it cannot (`why`), and nobody waits.
    virtual void on_gated(bool held, const std::string& why) = 0;
    /// Later: an unmount that begins from now on waits, or does not (the gate was interrupted, or has died).
    virtual void on_held(bool held) = 0;
    /// The mount has left our mount namespace at CLOCK_MONOTONIC `t_ns`. Once.
    virtual void on_detached(std::int64_t t_ns) = 0;
    /// The last reference to the superblock is gone: an unmounter waits until open(). Once; not without a gate.
    virtual void on_dying() = 0;

  protected:
    ~umount_events() = default;
};

/// A superblock to watch.
struct watched_mount {
    std::uint32_t id{};
    std::string name, dir;
    dev_t dev{};
    std::uint64_t mount_id{};  ///< as fanotify reports it; 0 if unknown
    bool gated{};              ///< to be held by the gate
};

/// One a daemon, for all its mounts. Thread: the loop's.
class umount_watch {
  public:
    struct settings {
        bool want_gate{true};
        bool want_fanotify{true};
        /// The kernel ends connections that leave a request unanswered for longer (fs.fuse.max_request_timeout); 0: it
        /// does not.
        std::chrono::seconds request_timeout{0};
        /// Told the pid of each gate process as soon as it runs, and 0 when it is gone; by start() or from the loop.
        /// May be empty.
        std::function<void(pid_t)> on_gate{};
    };
    static std::unique_ptr<umount_watch> start(boost::asio::io_context& io, trace::hub& events, settings s);
    virtual ~umount_watch() = default;

    /// Whether there is a gate, and if not, why; whose pid it has, or 0.
    virtual bool has_gate() const = 0;
    virtual const std::string& why_no_gate() const = 0;
    virtual pid_t gate_pid() const = 0;
    /// Whether `tid` is one of the gate's threads: it waits in a request on purpose.
    virtual bool is_gate(pid_t tid) const = 0;
    /// A sentence for whoever mounts, if a freeze of our cgroup would hang; as of now.
    virtual std::string freeze_warning() const = 0;
    /// "fanotify" or "mountinfo".
    virtual const char* detach_source() const = 0;

    /// Watches until remove(). `tell` must stay valid until then. on_gated() follows if `gated`.
    virtual void add(const watched_mount& m, umount_events& tell) = 0;
    /// Whether the unmounter was made to wait until open(). To be asked once the connection has ended, before remove().
    virtual bool waited_to_the_end(std::uint32_t id) const = 0;
    /// Opens, and forgets.
    virtual void remove(std::uint32_t id) = 0;
    /// Answers the gate's STATFS: the unmounter goes on. No effect if nothing is parked.
    virtual void open(std::uint32_t id) = 0;

    /// A STATFS of the mount: true if it is the one by which the gate holds it; then it is kept.
    virtual bool on_statfs(std::uint32_t id, std::shared_ptr<fuse::statfs_call> call) = 0;
    virtual void on_statfs_interrupted(std::uint32_t id, pid_t caller) = 0;

    /// Unmounts from a process that may wait. `done` gets 0 or errno; ENOENT-like answers mean that nothing was there.
    /// Works without a gate too (a child of our own). Thread of `done`: the loop.
    using unmounted = std::function<void(int error)>;
    virtual void unmount(const std::string& dir, bool lazy, bool force, unmounted done) = 0;
};

}  // namespace drainlab::control
