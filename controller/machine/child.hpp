// Our children, each named by a pidfd from its birth to its
// reaping: a signal never meets a stranger who got the number.
#pragma once

#include "controller/machine/birth.hpp"
#include "controller/machine/failure.hpp"
#include "fusefs/os/unique_fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>

namespace drainlab::machine {

/// One child of ours. Works whatever our caller did with SIGCHLD. Thread: any one at a time; but the thread that
/// starts a child with birth::dies_with_us must outlive it. Nobody else may wait for all children (waitpid(-1)).
class child {
  public:
    /// Starts a program. `no_program` (exit 127) when there is none
    /// of that name, `cannot_start` (exit 126) when it cannot be run.
    static result<child> start(const birth& how);
    /// Starts a copy of us that runs `body` and exits with what it returns (birth::words is not used). No exit
    /// handler runs in it. In a program with several threads the body may only do what is safe after fork(2).
    static result<child> start(const birth& how, const std::function<int()>& body);
    /// Starts a program that is nobody's child: it outlives us and belongs to no terminal. As start() otherwise.
    static result<void> start_orphan(const birth& how);

    child() = default;
    child(child&& other) noexcept;
    child& operator=(child&& other) noexcept;
    /// Kills and reaps it; waits at most 2 s (it may sit in a system call that cannot be ended).
    ~child();

    explicit operator bool() const noexcept { return static_cast<bool>(pidfd_); }
    pid_t pid() const noexcept { return pid_; }
    /// Readable once it has ended. Ours.
    int pidfd() const noexcept { return pidfd_.get(); }

    /// False when it has ended.
    bool send(int signal) noexcept;
    /// Its wait status (waitpid(2)) once it has ended and is reaped; nothing if that takes longer than `limit`.
    std::optional<int> wait(std::chrono::milliseconds limit);
    /// From now on it lives for itself.
    void let_go() noexcept;

  private:
    pid_t pid_{-1};
    os::unique_fd pidfd_;
    std::optional<int> status_;
};

/// A pipe that tells a child when we are gone, however we went: its end `theirs` reads as ended then.
struct lifeline {
    os::unique_fd ours, theirs;
    static result<lifeline> make();
};

}  // namespace drainlab::machine
