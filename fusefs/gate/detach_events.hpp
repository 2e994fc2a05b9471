// Notices that a mount has left our mount namespace, without asking any filesystem.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace drainlab::gate {

/// Tells when mounts were detached. Two sources: fanotify (FAN_REPORT_MNT, Linux >= 6.15, CAP_SYS_ADMIN in the user
/// namespace; 10 us, names the mount) and a change of /proc/self/mountinfo (says only that something changed). Thread:
/// the loop's.
class detach_events {
  public:
    enum class source { fanotify, mountinfo };
    /// `mount_id` as os::mount_identity has it; 0: some mount of the namespace changed, or events were lost: look
    /// yourself. `tid`: the thread that detached it, 0 if that is not told (it is to CAP_SYS_ADMIN of the machine).
    using callback = std::function<void(std::uint64_t mount_id, pid_t tid)>;

    /// Never fails: without either source it is `mountinfo` and silent, and the periodic probe remains. Without
    /// `try_fanotify` it is mountinfo.
    static std::unique_ptr<detach_events> start(boost::asio::io_context& io, callback on_detach, bool try_fanotify);
    virtual ~detach_events() = default;
    virtual source kind() const = 0;
    /// Delivers what has happened by now, from within this call.
    virtual void poll() = 0;
};

}  // namespace drainlab::gate
