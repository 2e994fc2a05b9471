// Child processes on Asio.
#pragma once

#include "controller/client/failure.hpp"
#include "controller/machine/child.hpp"
#include "fusefs/os/process_identity.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace drainlab::real {

/// A child in a process group of its own (so that Ctrl-C meets only us). Its standard input is a pipe from us, its
/// lifeline; standard output a pipe to us; standard error goes to a file that last_words() reads, in plain words
/// (LC_ALL=C).
///
/// Ownership: the process: the destructor kills and reaps it. Thread: the executor's.
class child {
  public:
    /// `program` is a path, or a name to be found on PATH. `errors` is the file for standard error.
    static client::result<child> start(boost::asio::any_io_executor executor, std::vector<std::string> words,
                                       std::string errors);
    child(child&&) noexcept;
    child& operator=(child&&) = delete;
    ~child();

    pid_t pid() const noexcept { return process_.pid(); }
    /// Names it for good; nobody if it had ended before we could look.
    const os::process_identity& who() const noexcept { return who_; }
    /// The exit code (128 + signal) once it has ended and was reaped.
    std::optional<int> ended() const noexcept { return status_; }
    /// Waits for its end; the exit code.
    boost::asio::awaitable<int> exited();
    /// Waits for its end without the loop, at most `limit`. False when it still runs.
    bool finish(std::chrono::milliseconds limit);
    /// Reads one line of its standard output; what came when it ended before.
    boost::asio::awaitable<std::string> line();
    /// Writes to its standard input.
    void tell(const std::string& text);
    /// Closes its standard input: workloads end.
    void let_go();
    void send(int signal) noexcept;
    /// What it printed on standard error, one line.
    std::string last_words() const;

  private:
    child(boost::asio::any_io_executor executor, machine::child process, int in, int out, std::string errors);
    void reap();

    machine::child process_;
    os::process_identity who_;
    boost::asio::posix::stream_descriptor pidfd_, in_, out_;
    std::string errors_;
    std::optional<int> status_;
};

}  // namespace drainlab::real
