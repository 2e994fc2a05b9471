// What the daemon writes to files of its own (its log, its record): by a thread, so that nobody waits for the file
// system that they lie on.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace drainlab::control {

/// Does jobs in their order in a thread with a descriptor table of its own. Thread: any may add.
class scribe {
  public:
    /// The thread has 0 to 2 and `keep`, as they are now; where unshare(2) is denied, it shares ours.
    explicit scribe(std::vector<int> keep);
    /// Waits for what was added, 2 s at most: the rest is left to the thread, which ends with the process at the
    /// latest.
    ~scribe();
    scribe(const scribe&) = delete;
    scribe& operator=(const scribe&) = delete;

    /// False: so much waits already (10,000 jobs) that it is not done.
    bool add(std::function<void()> job);
    /// Whether all that was added has been done, at the latest after `limit`.
    bool finished(std::chrono::milliseconds limit);

  private:
    struct shared;
    std::shared_ptr<shared> shared_;
};

/// The log at `path` (empty: standard error) becomes spdlog's: lines are written by a scribe. What cannot be opened is
/// said on standard error.
void start_log(const std::string& path, bool verbose);
/// Before the process ends: 2 s at most.
void finish_log();

}  // namespace drainlab::control
