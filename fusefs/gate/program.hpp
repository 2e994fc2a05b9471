// drainfs-gate: does to the daemon's mounts what the daemon must never do itself, and watches the daemon.
#pragma once

namespace drainlab::gate {

/// Serves the daemon at the other end of `socket_fd` until it is gone; the exit code then.
///
/// A thread that waits for commands takes one and carries it out itself, having made sure that another one waits: so a
/// probe costs one wake-up, and a thread that hangs in ustat() hangs nobody. The calling thread never enters ustat():
/// it watches the daemon's heartbeat and kills a daemon that is silent while an unmount waits for it.
int run_gate(int socket_fd);

}  // namespace drainlab::gate
