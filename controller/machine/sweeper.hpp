// Cleans up after us when we cannot: a process that waits for our death.
#pragma once

#include "controller/machine/child.hpp"
#include "fusefs/os/process_identity.hpp"

#include <string>

namespace drainlab::machine {

/// A forked process in a session of its own. When our end of its pipe closes without dismiss() (we were killed), it
/// waits for the processes it was told of (they end by their own lifelines), detaches what is still mounted below the
/// directory, removes the directory, and the cgroups of those processes.
///
/// Make it before any thread. Ownership: the process.
class sweeper {
  public:
    /// `directory` is a private temporary directory, `cgroup_root` may be empty.
    sweeper(std::string directory, std::string cgroup_root);
    ~sweeper();
    sweeper(const sweeper&) = delete;
    sweeper& operator=(const sweeper&) = delete;

    /// To be waited for, and its cgroups to be removed. When it does not end in time it is left alone.
    void watch(const os::process_identity& who) const;
    /// Another directory to be removed after our death; its own owner does it otherwise.
    void also(const std::string& directory) const;
    /// Does the sweeping now, in this process, and ends the sweeper. Also in the destructor.
    void sweep_and_dismiss();

  private:
    std::string directory_, cgroup_root_;
    child process_;
    os::unique_fd pipe_;
};

}  // namespace drainlab::machine
