// A drainfs of our own (profile `zero`, policy `persb`), spoken to without drainctl.
#pragma once
#include <sys/types.h>

#include <string>

namespace drainlab::bench {

/// Ends when this object does. Ends the program when it cannot be started.
class floor_daemon {
  public:
    explicit floor_daemon(const std::string& socket);
    ~floor_daemon();
    floor_daemon(const floor_daemon&) = delete;
    floor_daemon& operator=(const floor_daemon&) = delete;

    /// One request; true if it was answered with `status`. Thread: any.
    bool request(const std::string& method_and_path, const std::string& body, const std::string& status) const;
    bool mount(const std::string& dir, const std::string& name) const;
    bool wait_dead(const std::string& name) const;

  private:
    std::string socket_;
    pid_t pid_{};
    int lifeline_{};
};

}  // namespace drainlab::bench
