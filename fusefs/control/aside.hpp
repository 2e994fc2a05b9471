// What may wait for somebody else (a file system that does not answer, a program that does not end), done beside the
// loop.
#pragma once
#include "fusefs/os/unique_fd.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace drainlab::control {

/// Threads that wait for the next work.
struct aside_idle;

/// How many threads of one kind may be waiting at a time: those that nobody waits for any more count until they come
/// back, which may be after the room has gone. Up to `stay` that have come back are kept for the next work, a second or
/// two.
struct aside_room {
    explicit aside_room(int most_at_a_time = 16, std::size_t that_stay = 0);
    std::shared_ptr<std::atomic<int>> taken;
    int most;
    std::size_t stay;
    std::shared_ptr<aside_idle> idle;  ///< never null
};

/// Runs in the thread. `brought`: the number there of what was given, -1 without; closed when the work has returned.
/// `wanted` is to be called once, at the end: false says that the loop has stopped waiting, so what was done is to be
/// undone. What is returned after a true is handed to the loop; what the work wrote elsewhere may then be read there.
using aside_work = std::function<os::unique_fd(int brought, const std::function<bool()>& wanted)>;
/// On the loop. 0 with what the work returned; ETIMEDOUT after the limit; EBUSY: no room; or why no thread could be
/// had.
using aside_done = std::function<void(int err, os::unique_fd fd)>;

/// Does the work in a thread with a descriptor table of its own, in which only 0 to 2 and what it is given are open:
/// should it still wait when the daemon has been killed, it keeps no FUSE connection alive. (Where unshare(2) is
/// denied, it shares ours.) All signals are blocked in it. `give` (or none) becomes the thread's. `done` is called from
/// the loop, once; from within the call if there is no room. Thread: the loop's.
void do_aside(boost::asio::io_context& io, aside_room& room, os::unique_fd give, std::chrono::milliseconds limit,
              aside_work work, aside_done done);

}  // namespace drainlab::control
