// A command in the foreground, with everything to be tidied up after it.
#pragma once

#include "controller/cli/command.hpp"

#include <csignal>

namespace drainlab::cli {

/// Holds back SIGINT, SIGTERM, SIGHUP and SIGCHLD of this thread while it lives, so that what was made can be removed again; the program runs on to its end.
class foreground {
  public:
    foreground();
    ~foreground();
    foreground(const foreground&) = delete;
    foreground& operator=(const foreground&) = delete;

    /// Runs a command to its end and gives the code a shell would: its own, 128 + signal, 127 not found, 126 not to be run. Signals that come
    /// meanwhile are handed on to it. After `limit` it gets SIGTERM, 5 s later SIGKILL; the code is then 124. 130 (or 128 + signal) at once
    /// when a signal came before it was started.
    result<int> run(const std::vector<std::string>& words, std::optional<duration> limit);

  private:
    sigset_t caught_, before_;
};

}  // namespace drainlab::cli
