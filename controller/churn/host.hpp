// The daemon of a churn, which may be killed and replaced while workers use it.
#pragma once

#include "controller/churn/worker.hpp"
#include "controller/daemons/launch.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace drainlab::churn {

/// Thread: one, but for socket().
class host {
  public:
    static client::result<std::unique_ptr<host>> start(daemons::daemon_options options);
    std::string socket() const;
    /// Kills the daemon and brings up another one; the yard's epoch tells workers.
    client::result<void> replace(yard& y);
    /// Adds what the daemon knows of to `violations`.
    void note_violations();
    /// How many descriptors the daemon and its gate have open
    /// beyond those they started with. Waits up to 10 s for none.
    int descriptors_left() const;
    void stop();

    std::vector<std::string> violations;

  private:
    client::result<void> bring_up();
    int open_descriptors() const;
    daemons::daemon_options options_;
    std::unique_ptr<daemons::private_daemon> daemon_;
    mutable std::mutex mutex_;
    std::string socket_;
    pid_t gate_ = 0;
    int at_first_ = 0;  ///< descriptors before the first mount
};

}  // namespace drainlab::churn
