// What ties a workload to whoever started it: it ends at end-of-file on standard input, or at SIGTERM or SIGINT.
#pragma once

namespace drainlab::workloads {

/// Watches standard input and the signals. Make one at the start of main(); SIGTERM, SIGINT and SIGHUP are blocked from
/// then on and read here. Thread: one.
class lifeline {
  public:
    lifeline();
    ~lifeline();
    lifeline(const lifeline&) = delete;
    lifeline& operator=(const lifeline&) = delete;

    /// Whether the end has come. Does not block.
    bool cut() { return cut_ || wait(-1, 0); }
    /// Waits until `other` (a descriptor, or -1 for none) is readable or the end has come; at most `timeout_ms` (-1:
    /// for ever). True when the end has come.
    bool wait(int other, int timeout_ms);

  private:
    int signals_ = -1;
    bool cut_ = false;
};

}  // namespace drainlab::workloads
