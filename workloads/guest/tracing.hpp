// Probes around the parts of an unmount, and the counts of switches, by tracefs.
#pragma once

#include "workloads/guest/parts.hpp"
#include "workloads/guest/switch_histogram.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace drainlab::guest {

class channel;

/// Kernel functions probed in the unmounts' tasks only, so that traces stay tiny.
class part_probes {
  public:
    explicit part_probes(channel& out);
    int count() const { return count_; }

    /// From here on the tasks in `pids` are traced; the trace so far is forgotten.
    void begin(const std::vector<pid_t>& pids);
    /// Ends tracing and returns what came.
    trace_text end();

  private:
    int count_ = 0;
};

/// Counts in a tracing instance of its own, in the kernel: no event is written.
class switch_counter {
  public:
    explicit switch_counter(channel& out);
    bool works() const { return works_; }
    void begin();
    switch_counts end() const;

  private:
    bool works_ = false;
};

/// Everything about switches and unmounts in one trace, of all tasks, in a tracing instance of its own.
class recorder {
  public:
    explicit recorder(channel& out);
    void begin();
    /// Ends recording and returns the lines that came.
    std::string end();
};

}  // namespace drainlab::guest
