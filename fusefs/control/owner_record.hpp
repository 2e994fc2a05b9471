// The record of what the daemon owns (state_file.hpp), kept by a thread: nobody on the loop waits
// for the file system that it lies on, and changes that come together are written together. They are
// lines at its end: a new file, renamed over the old one, costs twenty times as much.
#pragma once
#include "fusefs/control/scribe.hpp"
#include "fusefs/control/state_file.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace drainlab::control {

/// Thread: any. May outlive the daemon's other parts: who makes a mount in a thread of its own keeps it.
class owner_record {
  public:
    /// `dir`: descriptor of the socket's directory, borrowed until close(); `name`:
    /// of the file in it; `state`: the daemon as it begins, written down soon.
    owner_record(int dir, std::string name, daemon_state state);
    ~owner_record();
    owner_record(const owner_record&) = delete;
    owner_record& operator=(const owner_record&) = delete;

    /// `pid` 0: there is none.
    void gate_is(pid_t pid);
    /// From now on the daemon owns `m`, or is about to: in place of what was noted under `id` before.
    void note(std::uint32_t id, owned_mount m);
    void forget(std::uint32_t id);
    /// Whether all that was noted before has been written, or tried, at the latest after `limit`.
    bool written(std::chrono::milliseconds limit) const;
    /// Nothing is written any more; `last` is done by the thread
    /// after what is under way. False: not within two seconds.
    bool close(std::function<void()> last);

  private:
    struct shared;
    template <class Change>
    void change(Change what);

    std::shared_ptr<shared> shared_;
    scribe thread_;
};

}  // namespace drainlab::control
