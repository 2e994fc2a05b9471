// What may wait for somebody else (a file system that does not answer, a program that does not end), done beside the
// loop.
#pragma once
#include "fusefs/os/unique_fd.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace drainlab::control {

/// How many threads of one kind may be waiting at a time: those that nobody waits for any more count until they come
/// back, which may be after the room has gone.
struct aside_room {
    std::shared_ptr<std::atomic<int>> taken{std::make_shared<std::atomic<int>>(0)};
    int most{16};
};

/// Runs in the thread. `wanted` is to be called once, at the end: false says that the loop has stopped waiting, so what
/// was done is to be undone. What is returned after a true is handed to the loop; what the work wrote elsewhere may
/// then be read there.
using aside_work = std::function<os::unique_fd(const std::function<bool()>& wanted)>;
/// What the thread may use, by number. Owned and closed by the loop alone: what a thread closes in a table of its own
/// stays open here.
using aside_descriptors = std::vector<std::shared_ptr<os::unique_fd>>;
/// On the loop. 0 with what the work returned; ETIMEDOUT after the limit; EBUSY: no room; or why no thread could be
/// had.
using aside_done = std::function<void(int err, os::unique_fd fd)>;

/// Starts a thread with a descriptor table of its own, in which only 0 to 2 and `keep` are open: should it still wait
/// when the daemon has been killed, it keeps no FUSE connection alive. (Where unshare(2) is denied, it shares ours.)
/// All signals are blocked in it. `done` is called from the loop, once; from within the call if there is no room.
/// Thread: the loop's.
void do_aside(boost::asio::io_context& io, aside_room& room, aside_descriptors keep, std::chrono::milliseconds limit,
              aside_work work, aside_done done);

}  // namespace drainlab::control
