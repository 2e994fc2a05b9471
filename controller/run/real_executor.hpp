// Cycles on this machine: a private daemon, real workloads, real unmounts.
#pragma once

#include "controller/client/launch.hpp"
#include "controller/run/executor.hpp"
#include "controller/run/umount_call.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drainlab::run {

struct real_options {
    client::daemon_options daemon;  ///< identity and cgroup_root are filled in here
    std::string identity = "auto";  ///< auto, cgroup, session
    std::string cgroup_root;        ///< empty: look for one
    std::string umount_wait = "auto";
    std::uint64_t seed = 1;
    umount_way way = umount_way::umount8;
    bool dd = false;                                                       ///< background by the real dd
    std::vector<std::pair<std::string, std::chrono::microseconds>> widen;  ///< named points and their widths
    std::optional<std::chrono::nanoseconds> timeout;                       ///< of the whole run
};

/// The executor that measures. Everything it makes (daemon, mounts, workloads, cgroups, a private temporary directory)
/// goes with it, or, when we are killed, by lifelines and the sweeper.
///
/// Thread: one; the process must have no other when it is started (it forks). SIGINT, SIGTERM and SIGHUP are caught
/// from then on: cycles then fail with `interrupted`.
class real_executor : public executor {
  public:
    /// Starts the daemon. Exit 4 when this machine lacks something, with what would help.
    static client::result<std::unique_ptr<real_executor>> start(const real_options& options);
    ~real_executor() override;

    client::result<void> begin(const scenario& s) override;
    client::result<cycle_outcome> cycle(const scenario& s, const std::string& policy) override;
    std::vector<report::violation> end() override;

    /// The machine and the daemon, for the result.
    const report::environment_info& environment() const;
    /// What is not as one would like it: one line each (fallbacks).
    const std::vector<std::string>& warnings() const;

  private:
    class impl;
    explicit real_executor(std::unique_ptr<impl> i);
    std::unique_ptr<impl> impl_;
};

}  // namespace drainlab::run
