// A command in the foreground, with everything to be tidied up after it.
#pragma once

#include "controller/cli/command.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <csignal>
#include <optional>

namespace drainlab::cli {

/// Holds back SIGINT, SIGTERM and SIGHUP (but those that are ignored) of this thread while it lives, so that what was
/// made can be removed again; the program runs on to its end.
class foreground {
  public:
    foreground();
    ~foreground();
    foreground(const foreground&) = delete;
    foreground& operator=(const foreground&) = delete;

    /// Runs a command to its end and gives the code a shell would: its own, 128 + signal, 127 not found, 126 not to be
    /// run. It has our process group, our streams and what descriptors our caller left open. Signals that come
    /// meanwhile are handed on to it, but those of the terminal, which reach it anyway. After `limit` it gets SIGTERM,
    /// 5 s later SIGKILL; the code is then 124. 130 (or 128 + signal) at once when a signal came before it was started.
    result<int> run(const std::vector<std::string>& words, std::optional<duration> limit);

  private:
    struct arrived {
        int number;
        bool from_terminal;
    };
    std::optional<arrived> next_signal();

    os::unique_fd signals_;
    sigset_t caught_, before_;
};

}  // namespace drainlab::cli
