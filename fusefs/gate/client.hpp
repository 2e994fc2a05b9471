// The daemon's side of drainfs-gate: starts it, talks to it, knows its threads.
#pragma once
#include "fusefs/gate/protocol.hpp"
#include "fusefs/gate/spawn.hpp"
#include "fusefs/gate/thread_states.hpp"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace boost::asio {
class io_context;
}

namespace drainlab::gate {

/// What a thread of the gate is doing.
struct thread_role {
    command op{};
    std::uint32_t mount{};
    std::uint64_t tag{};
};

/// One running drainfs-gate. Thread: the loop's. Callbacks come from the loop, not from within a call.
class gate_client {
  public:
    struct callbacks {
        /// It runs. `why_it_cannot_hold`: no ustat(2) on this machine, or denied; empty if it can. It can unmount in
        /// any case.
        std::function<void(const std::string& why_it_cannot_hold)> on_hello;
        std::function<void(const report&)> on_returned;       ///< a holder or prober failed, or an unmounter came back
        std::function<void(const report&)> on_probing;        ///< a prober is about to enter the kernel
        std::function<void(const report&)> on_stuck;          ///< the gate's sweep hangs at a mount
        std::function<void(const std::string& why)> on_lost;  ///< it died; called once, then the object is of no use
    };

    /// Talks to a gate that start_program() has started. on_hello follows; or on_lost, after 5 s at most.
    static std::unique_ptr<gate_client> adopt(boost::asio::io_context& io, const spawned& child, callbacks on);
    virtual ~gate_client() = default;

    virtual pid_t pid() const = 0;
    /// Blocks until on_hello was called, from within: a few ms, 5 s at most. False if it does not come.
    virtual bool wait_for_hello() = 0;
    /// Sends one request. False if the gate does not take it (dead, or its queue is full): as good as lost.
    virtual bool send(const request& r) = 0;
    /// What the gate's thread `tid` has sent a FUSE_STATFS for; nothing if it is no thread of the gate. Reads what the
    /// gate has said first: it speaks before it enters the kernel, so a FUSE_STATFS that has arrived is always
    /// explained. One explanation explains one STATFS (but the sweep's: all of a round): the same number may be another
    /// process's thread the next time.
    virtual std::optional<thread_role> take_role(pid_t tid) = 0;
    /// The thread that carries out the request with `tag`, once it is about to enter the kernel; else 0.
    virtual pid_t thread_of(std::uint64_t tag) = 0;
    /// From /proc, in some microseconds.
    virtual thread_state state_of(pid_t tid) = 0;
    /// Ends it by SIGKILL; on_lost follows. For a gate that does not answer.
    virtual void kill() = 0;
};

}  // namespace drainlab::gate
