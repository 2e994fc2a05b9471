// Cycles on this machine: a private daemon, real workloads, real unmounts.
#pragma once

#include "controller/daemons/launch.hpp"
#include "controller/experiment/executor.hpp"
#include "controller/real/umount_call.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::real {

/// How the machine is used. What is contradictory has been refused before.
struct options {
    daemons::daemon_options daemon;  ///< identity and cgroup_root are filled in here
    std::string identity = "auto";   ///< auto, cgroup, session
    std::string cgroup_root;         ///< empty: look for one
    std::string umount_wait = "auto";
    std::uint64_t seed = 1;
    umount_way way = umount_way::umount8;
    bool dd = false;                                                       ///< background by the real dd
    std::vector<std::pair<std::string, std::chrono::microseconds>> widen;  ///< named points and their widths
    bool events = false;                                                   ///< record what the daemon traces
    std::optional<std::chrono::nanoseconds> timeout;                       ///< of the whole run
};

/// The executor that measures. Everything it makes (daemon, mounts, workloads, cgroups, a private temporary directory)
/// goes with it, or, when we are killed, by lifelines and the sweeper.
///
/// Thread: one; the process must have no other when it is started (it forks). SIGINT, SIGTERM and SIGHUP are caught
/// from then on: cycles then fail with `interrupted`.
class executor : public experiment::executor {
  public:
    /// Starts the daemon. Exit 4 when this machine lacks something, with what would help.
    static client::result<std::unique_ptr<executor>> start(const options& options);
    ~executor() override;

    client::result<void> begin(const experiment::scenario& s) override;
    client::result<experiment::cycle_outcome> cycle(const experiment::scenario& s, const std::string& policy) override;
    std::vector<report::violation> end() override;

    /// The machine and the daemon, for the result.
    const report::environment_info& environment() const;
    /// What is not as one would like it: one line each (fallbacks).
    const std::vector<std::string>& warnings() const;

  private:
    class impl;
    explicit executor(std::unique_ptr<impl> i);
    std::unique_ptr<impl> impl_;
};

}  // namespace drainlab::real
