// A drainfs of our own for one test: own directory, own socket, gone afterwards with all it made.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gate_test {

using milliseconds = std::chrono::milliseconds;

/// What the API says about a mount.
struct mount_facts {
    std::string state, umount_wait;
    std::int64_t detached{}, drain_begins{}, drained{}, dead{};  ///< CLOCK_MONOTONIC ns; 0: not reached
    std::size_t violations{};
};

class test_daemon {
  public:
    /// Exits the program with 77 where FUSE cannot be used at all.
    test_daemon();
    ~test_daemon();
    test_daemon(const test_daemon&) = delete;
    test_daemon& operator=(const test_daemon&) = delete;

    pid_t pid() const { return pid_; }
    pid_t gate_pid();
    const std::string& dir() const { return dir_; }
    /// A fresh directory, mounted with that umount delay; its path. The mount is called `name`.
    std::string mount(const std::string& name, milliseconds delay = milliseconds{200});
    mount_facts facts(const std::string& name);
    /// Waits for the phase, 20 s at most; the facts then.
    mount_facts wait(const std::string& name, const std::string& phase);
    /// One request; the body of the answer, "" if there was none. `status` if wanted.
    std::string request(const std::string& method, const std::string& path, const std::string& body = "",
                        int* status = nullptr);
    /// Starts it again on the same socket after its death.
    void start();
    /// Waits for its end; the status as waitpid() gives it, -1 after `limit`.
    int wait_for_end(milliseconds limit);

  private:
    std::string dir_, socket_;
    pid_t pid_{-1};
};

/// Runs a command; how long it took and its exit code (128 + signal if killed, -1 if it was still running after 40 s).
struct outcome {
    int code{};
    milliseconds took{};
};
outcome run(const std::vector<std::string>& command);
/// umount2(2) in a child of ours; `code` is errno.
outcome run_umount2(const std::string& dir, int flags);

/// A child that runs `body` and exits; joined (killed first, if need be) when it goes.
class child {
  public:
    explicit child(const std::function<void()>& body);
    ~child();
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    pid_t pid() const { return pid_; }
    void kill_now();

  private:
    pid_t pid_;
};

/// Whether a process in uninterruptible sleep whose command line names `text` exists.
bool anyone_stuck(const std::string& text);
std::int64_t now_ns();

}  // namespace gate_test
