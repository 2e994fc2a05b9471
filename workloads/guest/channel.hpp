// Where the guest speaks: one JSON object a line (drainlab.guest/1) on the second serial port.
//
// Lines by their "what": hello, policy, ready, measured, sample,
// trace, load, warning, error, bye. See docs/schema/guest-1.json.
#pragma once

#include "workloads/guest/json_line.hpp"

#include <string>

namespace drainlab::guest {

/// The guest's only way to speak. For one thread and the children it forks, a line at a time.
class channel {
  public:
    /// Opens the port and makes it raw; the console where there is no second port.
    channel();
    void send(const json_line& line);
    void warn(const std::string& text) { send(json_line("warning").text("text", text)); }

    /// Says what went wrong and ends the machine.
    [[noreturn]] void give_up(const std::string& text);
    /// Says that all went well and ends the machine.
    [[noreturn]] void farewell();

    /// A process that ends the machine with an error when nothing was sent for `seconds` of the guest's time.
    void start_watchdog(int seconds);

  private:
    int fd_ = -1;
    int heartbeat_ = -1;
};

}  // namespace drainlab::guest
