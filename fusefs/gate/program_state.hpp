// What the gate's threads share. Private to drainfs-gate.
#pragma once
#include "fusefs/gate/protocol.hpp"

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>

namespace drainlab::gate {

/// A superblock that threads of ours hold; two for a moment when the gate closes again behind a remount.
struct held {
    dev_t dev{};
    int holders{};
    bool detached{};  ///< probed: the daemon watches it already
};

/// What the gate's threads share.
struct gate {
    int socket{};
    int daemon{-1};  ///< pidfd
    std::atomic<int> idle{0};
    std::atomic<std::int64_t> last_heartbeat{0};
    std::atomic<bool> pending{false};
    std::mutex mutex;                     // innermost
    std::map<std::uint32_t, held> holds;  ///< guarded by mutex: by the daemon's number of the mount

    /// Says what has become of `r`. It may block: a full queue can only mean a daemon that does not read, and that is
    /// the watchdog's business.
    void report_to_daemon(report_kind kind, const request& r, int error) const;
};

/// Monotonic.
std::int64_t now_ms();

/// One more thread that takes commands from the socket and carries them out. Exits the program if there is none to be
/// had.
void start_worker(gate& g);

/// The thread that never enters ustat(): tries the held superblocks for a remount, ends the program with the daemon,
/// and kills a daemon that is silent while an unmount waits.
[[noreturn]] void watch_daemon(gate& g);

}  // namespace drainlab::gate
